package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// over2 is a client that speaks HTTP/2 only.
func over2() *http.Client {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: &http.Transport{Protocols: &protocols}}
}

func TestBothVersionsOfHTTPAreServedOnOnePort(t *testing.T) {
	address := startShop(t).address()
	for client, proto := range map[*http.Client]string{over2(): "HTTP/2.0", fresh(): "HTTP/1.1"} {
		answer, err := client.Get("http://" + address + "/")
		if err != nil {
			t.Fatal(err)
		}
		got := readReply(t, answer)
		if answer.Proto != proto || got.code != 200 || got.header.Get("X-Version") != "v1" {
			t.Errorf("%s: %+v", answer.Proto, got)
		}
	}
}

func TestAtSigtermHTTP2IsToldToSendNoMoreAndWhatIsOnItsWayIsAnswered(t *testing.T) {
	shop := startShop(t, "QUIET_S=0.01")
	client := connectFramed(t, shop.address())
	client.post(1, "/", "text/plain")
	awaitMetric(t, shop.address(), "http_requests_in_flight 1")
	shop.signal(syscall.SIGTERM)
	if notice := client.receive(); notice.kind != frameGoAway || !bytes.Equal(notice.payload, shutdownNotice[9:]) {
		t.Fatalf("got %+v; want the notice of the shutdown", notice)
	}
	client.post(3, "/", "text/plain") // on its way when the notice came
	client.send(frameData, endStream, 3, nil)
	client.expect(received{kind: frameHeaders, stream: 3}, received{kind: frameData, stream: 3, flags: endStream})
	client.send(frameData, endStream, 1, nil)
	for answered := false; !answered; {
		got := client.receive() // between them comes the last GOAWAY, once nothing is in work
		answered = got.kind == frameData && got.stream == 1 && got.flags&endStream > 0
	}
	if code, said := shop.exit(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

func TestAConnectionOfHTTP2ThatComesLateGetsOneAnswerAfterTheNotice(t *testing.T) {
	shop := startShop(t)
	inFlight(t, shop.address())
	shop.signal(syscall.SIGTERM)
	shop.awaitText("(drains)")
	late := connectFramed(t, shop.address())
	for _, stream := range []uint32{1, 3} {
		late.post(stream, "/", "text/plain")
		late.send(frameData, endStream, stream, nil)
		if stream == 1 {
			late.expect(received{kind: frameGoAway})
		}
		late.expect(received{kind: frameHeaders, stream: stream}, received{kind: frameData, stream: stream, flags: endStream})
	}
}

func TestAnIdleConnectionOfHTTP2EndsInOrder(t *testing.T) {
	shop := startShop(t, "QUIET_S=0.01")
	idle := connectFramed(t, shop.address())
	idle.post(1, "/", "text/plain")
	idle.send(frameData, endStream, 1, nil)
	idle.expect(received{kind: frameHeaders, stream: 1}, received{kind: frameData, stream: 1, flags: endStream})
	shop.signal(syscall.SIGTERM)
	idle.expect(received{kind: frameGoAway}, received{kind: frameGoAway})
	if _, err := idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v; want an orderly end", err)
	}
	if code, said := shop.exit(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

// sink is a connection that keeps what is written.
type sink struct {
	net.Conn
	bytes.Buffer
}

func (s *sink) Read(p []byte) (int, error)  { return s.Buffer.Read(p) }
func (s *sink) Write(p []byte) (int, error) { return s.Buffer.Write(p) }

func TestTheNoticeNeverLandsInsideAFrame(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		stream, boundaries := randomFrames(random)
		to := &sink{}
		tested := &conn{Conn: to}
		tested.recognise([]byte(prefaceStart))
		asked := random.IntN(len(stream))
		for at := 0; at < len(stream); {
			if at >= asked {
				tested.sayFarewell()
			}
			next := min(len(stream), at+1+random.IntN(30))
			_, _ = tested.Write(stream[at:next])
			at = next
		}
		tested.sayFarewell()
		place := bytes.Index(to.Bytes(), shutdownNotice)
		whole := strings.Replace(to.String(), string(shutdownNotice), "", 1)
		if place <= 0 || !boundaries[place] || whole != string(stream) {
			t.Fatalf("asked for at %d, the notice is at %d, the frames end at %v", asked, place, boundaries)
		}
	}
}

// randomFrames is a few frames without a 0x7f, and where each of them ends.
func randomFrames(random *rand.Rand) (stream []byte, ends map[int]bool) {
	ends = map[int]bool{}
	for range 1 + random.IntN(5) {
		length := random.IntN(40)
		stream = append(stream, 0, 0, byte(length), frameData, 0, 0, 0, 0, 1)
		stream = append(stream, make([]byte, length)...)
		ends[len(stream)] = true
	}
	return stream, ends
}

func TestAConnectionOfHTTP1IsRecognisedWithItsFirstBytes(t *testing.T) {
	tested := &conn{Conn: &sink{}}
	for _, read := range []string{"P", "RI", " "} {
		tested.recognise([]byte(read))
	}
	if !tested.multiplexed.Load() || !tested.known.Load() {
		t.Error("PRI is HTTP/2")
	}
	other := &conn{Conn: &sink{}}
	other.recognise([]byte("GET / HTTP/1.1"))
	other.sayFarewell()
	_, _ = other.Write([]byte("HTTP/1.1 200 OK"))
	if got := other.Conn.(*sink).String(); other.multiplexed.Load() || got != "HTTP/1.1 200 OK" {
		t.Errorf("%q was written", got)
	}
}
