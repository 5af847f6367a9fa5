package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// openEvents opens a stream of events and returns its lines.
func openEvents(t *testing.T, address string) (*http.Response, *bufio.Reader) {
	t.Helper()
	answer, err := http.Get("http://" + address + "/events")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer, bufio.NewReader(answer.Body)
}

func lines(t *testing.T, reader *bufio.Reader, count int) string {
	t.Helper()
	var text strings.Builder
	for range count {
		line, err := reader.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(line)
	}
	return text.String()
}

func TestEventsTickUntilTheShopSaysByeAndEndsInOrder(t *testing.T) {
	shop := startShop(t, "TICK_MS=5", "QUIET_S=0", "STREAMS_S=0")
	answer, reader := openEvents(t, shop.address())
	want := `event: tick
data: {"version":"v1","pod":"pod-1","n":1}

event: tick
data: {"version":"v1","pod":"pod-1","n":2}

`
	if got := lines(t, reader, 6); got != want || answer.Header.Get("X-Version") != "v1" {
		t.Errorf("headers %v, got %q", answer.Header, got)
	}
	if page := metricsOf(t, shop.address()); page[`streams_open{kind="sse"}`] != 1 || page["http_requests_in_flight"] != 0 {
		t.Errorf("metrics %v", page)
	}
	shop.signal(syscall.SIGTERM)
	rest, err := io.ReadAll(reader)
	if err != nil || !strings.HasSuffix(string(rest), "event: bye\ndata: {\"version\":\"v1\",\"pod\":\"pod-1\",\"n\":0}\n\n") {
		t.Errorf("the rest is %q, %v", rest, err)
	}
	if code, said := shop.exit(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

func TestTheOpeningOfAStreamIsARequestThatFailsAndIsCountedLikeAnother(t *testing.T) {
	address := startShop(t, "ERROR_RATE=1").address()
	if answer := get(t, fresh(), "http://"+address+"/events"); answer.code != 500 || answer.header.Get("X-Version") != "v1" {
		t.Errorf("got %+v", answer)
	}
	socket := connect(t, address)
	socket.write(handshake)
	if answer := socket.receive(); answer.code != 500 {
		t.Errorf("got %+v", answer)
	}
	page := metricsOf(t, address)
	if page[`http_requests_total{code="500"}`] != 2 || page[`orders_total{result="failed"}`] != 0 {
		t.Errorf("metrics %v", page)
	}
}

func TestAStreamThatItsClientEndsIsCountedAsSuch(t *testing.T) {
	address := startShop(t, "TICK_MS=5").address()
	answer, _ := openEvents(t, address)
	_ = answer.Body.Close()
	awaitMetric(t, address, `streams_ended_total{kind="sse",end="client"} 1`)
	awaitMetric(t, address, `streams_open{kind="sse"} 0`)
}

func TestStreamsThatComeWhileDrainingStayUntilTheListenerCloses(t *testing.T) {
	shop := startShop(t, "STREAMS_S=0", "QUIET_S=0.01", "TICK_MS=3600000")
	slow := inFlight(t, shop.address())
	_, early := openEvents(t, shop.address())
	shop.signal(syscall.SIGTERM)
	if _, err := io.ReadAll(early); err != nil {
		t.Fatal(err)
	}
	answer, late := openEvents(t, shop.address())
	lines(t, late, 3)
	if !answer.Close || metricsOf(t, shop.address())[`streams_open{kind="sse"}`] != 1 {
		t.Error("the late stream is not open, or its connection would be kept")
	}
	slow.finish()
	if rest, err := io.ReadAll(late); err != nil || !strings.HasPrefix(string(rest), "event: bye\n") {
		t.Errorf("the rest is %q, %v", rest, err)
	}
	if code, said := shop.exit(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

func TestStreamsAreAskedToLeaveInTurn(t *testing.T) {
	streams := newStreams()
	first, second := streams.begin(kindEvents), streams.begin(kindSocket)
	asked := func(one *stream) bool {
		select {
		case <-one.leave:
			return true
		default:
			return false
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		streams.endInTurn(ctx, 2*time.Hour)
		close(done)
	}()
	<-first.leave
	if asked(second) {
		t.Error("the second stream is asked at once; want an hour later")
	}
	stop()
	<-done
	if !asked(second) {
		t.Error("at the end of the drain the second stream is not asked")
	}
	late := streams.begin(kindWatch)
	streams.endLate()
	if streams.end(first, endLeaving); !asked(late) || streams.count() != 2 {
		t.Errorf("%d streams are open", streams.count())
	}
}

func TestADrainThatIsTooShortSaysHowManyStreamsItCuts(t *testing.T) {
	shop := startShop(t, "DRAIN_S=0.05", "QUIET_S=0", "STREAMS_S=0")
	openSocket(t, shop.address()) // it never answers the close
	shop.signal(syscall.SIGTERM)
	code, said := shop.exit()
	if code != 1 || !strings.Contains(said, "cuts 0 requests and 1 streams: raise DRAIN_S") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

// The example of RFC 6455, section 1.3.
const handshake = "GET /socket HTTP/1.1\r\nHost: shop\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

func openSocket(t *testing.T, address string) *persistent {
	t.Helper()
	c := connect(t, address)
	c.write(handshake)
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 101 || answer.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" ||
		answer.Header.Get("X-Version") != "v1" {
		t.Fatalf("got %d %v", answer.StatusCode, answer.Header)
	}
	return c
}

// masked is a frame of a client, with a mask that changes something.
func masked(first byte, text string) string {
	head := []byte{first, 0x80 | byte(len(text))}
	if len(text) > 125 {
		head = binary.BigEndian.AppendUint16([]byte{first, 0x80 | 126}, uint16(len(text)))
	}
	payload := []byte(text)
	for i := range payload {
		payload[i] ^= "mask"[i%4]
	}
	return string(head) + "mask" + string(payload)
}

func (c *persistent) read(text string) {
	c.t.Helper()
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c.reader, got); err != nil || string(got) != text {
		c.t.Fatalf("got %q, %v; want %q", got, err, text)
	}
}

const firstTick = "\x81\x24" + `{"version":"v1","pod":"pod-1","n":1}`

func TestASocketTicksEchoesAndAnswers(t *testing.T) {
	c := openSocket(t, startShop(t, "TICK_MS=3600000").address())
	c.read(firstTick)
	long := strings.Repeat("long ", 100)
	c.write(masked(0x81, "hello") + masked(0x89, "ping") + masked(0x8a, "pong") + masked(0x82, long))
	c.read("\x81\x05hello" + "\x8a\x04ping" + "\x82\x7e\x01\xf4" + long)
	c.write(masked(0x88, "\x03\xe8"))
	c.read("\x88\x02\x03\xe8")
	if _, err := c.reader.ReadByte(); err != io.EOF {
		t.Errorf("got %v; want an orderly end", err)
	}
}

func TestASocketIsClosedWith1001WhenTheShopLeaves(t *testing.T) {
	shop := startShop(t, "TICK_MS=3600000", "QUIET_S=0", "STREAMS_S=0")
	c := openSocket(t, shop.address())
	c.read(firstTick)
	shop.signal(syscall.SIGTERM)
	c.read("\x88\x11\x03\xe9the shop leaves")
	c.write(masked(0x81, "too late") + masked(0x88, "\x03\xe9"))
	if _, err := c.reader.ReadByte(); err != io.EOF {
		t.Errorf("got %v; want an orderly end, and nothing after the close", err)
	}
	if code, said := shop.exit(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

func TestWhatASocketDoesNotTake(t *testing.T) {
	address := startShop(t, "TICK_MS=3600000").address()
	for sent, code := range map[string]string{
		masked(0x01, "half of a"):                  "\x03\xeb", // in several frames
		"\x81\x05hello":                            "\x03\xea", // without a mask
		masked(0xc1, "an extension"):               "\x03\xea",
		"\x81\xff\x00\x00\x00\x00\x00\x01\x00\x01": "\x03\xea", // too long
	} {
		c := openSocket(t, address)
		c.read(firstTick)
		c.write(sent)
		head := make([]byte, 4)
		if _, err := io.ReadFull(c.reader, head); err != nil || head[0] != 0x88 || string(head[2:]) != code {
			t.Errorf("%q: got %q, %v; want a close with %q", sent, head, err, code)
		}
	}
	refused := connect(t, address)
	refused.send("/socket")
	if answer := refused.receive(); answer.code != 426 || answer.header.Get("X-Version") != "v1" {
		t.Errorf("got %+v", answer)
	}
}
