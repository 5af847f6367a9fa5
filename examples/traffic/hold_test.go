package main

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	eventsHead = "HTTP/1.1 200 OK\r\nX-Version: v1\r\nX-Pod: p1\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
	tick       = "event: tick\ndata: 1\n\n"
	bye        = "event: bye\ndata: 0\n\n"
	end        = "0\r\n\r\n"
)

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// script is a server that speaks one text per connection, after the head of an answer, and ends it as told; after the last
// text it goes on speaking without an end.
func script(t *testing.T, greet func(request *http.Request) (head, alive string), ends ...func(conn *net.TCPConn)) string {
	t.Helper()
	numbers := make(chan int, 100)
	for n := range cap(numbers) {
		numbers <- n
	}
	server := newWire(t, func(_ *wire, conn *net.TCPConn, reader *bufio.Reader) {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		head, alive := greet(request)
		if strings.HasPrefix(head, "HTTP/1.1 101") {
			echo(conn, reader, head)
		} else {
			_, _ = io.WriteString(conn, head)
		}
		if n := <-numbers; n < len(ends) {
			ends[n](conn)
			_, _ = io.Copy(io.Discard, reader)
			_ = conn.Close()
			return
		}
		for err == nil {
			_, err = io.WriteString(conn, alive)
			time.Sleep(10 * time.Millisecond)
		}
	})
	return server.url
}

// says is an end that writes a text and closes the connection in order.
func says(text string) func(conn *net.TCPConn) {
	return func(conn *net.TCPConn) {
		_, _ = io.WriteString(conn, text)
		_ = conn.CloseWrite()
	}
}

func silent(*net.TCPConn) {}

func eventsGreeting(*http.Request) (head, alive string) { return eventsHead, chunk(tick) }

func socketGreeting(request *http.Request) (head, alive string) {
	proof := sha1.Sum([]byte(request.Header.Get("Sec-WebSocket-Key") + webSocketSalt))
	return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Version: v1\r\nX-Pod: p1\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(proof[:]) + "\r\n\r\n", "\x81\x04tick"
}

// echo shakes hands, reads the client's one message and sends it back without its mask, which is zero.
func echo(conn *net.TCPConn, reader *bufio.Reader, head string) {
	_, _ = io.WriteString(conn, head)
	var masked [6]byte
	_, _ = io.ReadFull(reader, masked[:])
	text := make([]byte, masked[1]&0x7f)
	_, _ = io.ReadFull(reader, text)
	_, _ = conn.Write(append([]byte{0x81, byte(len(text))}, text...))
}

// one are the flags for one stream that is held for the given time; for a stream that is lost before, that is an hour.
func one(protocol, length string, flags ...string) []string {
	return append([]string{"-protocol", protocol, "-rate", "1000", "-for", "1ms", "-length", length}, flags...)
}

const lost = "1h"

func TestAStreamThatIsWellIsAnsweredWhenItIsClosed(t *testing.T) {
	for protocol, row := range map[string]struct {
		greet func(*http.Request) (string, string)
		code  string
	}{"sse": {eventsGreeting, "200"}, "websocket": {socketGreeting, "101"}} {
		r := sendTo(t, script(t, row.greet), one(protocol, "500ms")...)
		r.expect(t, 1, nil)
		if r.summary.Versions["v1"][row.code] != 1 || r.summary.Messages["v1"] == 0 || r.summary.Migrated != 0 {
			t.Errorf("%s: summary %+v", protocol, r.summary.Counts)
		}
		if opened := *r.summary.P50 / 1000; r.summary.Seconds < 0.499 || opened >= r.summary.Seconds {
			t.Errorf("%s: opened in %v s, over after %v s", protocol, opened, r.summary.Seconds)
		}
	}
}

func TestAnAnnouncedEndMigratesEachTime(t *testing.T) {
	leaving := says(chunk(tick+bye) + end)
	r := sendTo(t, script(t, eventsGreeting, leaving, leaving), one("sse", "1500ms")...)
	r.expect(t, 1, nil)
	if r.summary.Migrated != 2 || r.summary.Dials != 3 {
		t.Errorf("sse: %d migrated, %d dials; want 2 and 3", r.summary.Migrated, r.summary.Dials)
	}
	away := says("\x81\x04tick\x88\x02\x03\xe9")
	r = sendTo(t, script(t, socketGreeting, away, away), one("websocket", "1500ms")...)
	r.expect(t, 1, nil)
	if r.summary.Migrated != 2 || r.summary.Dials != 3 {
		t.Errorf("websocket: %d migrated, %d dials; want 2 and 3", r.summary.Migrated, r.summary.Dials)
	}
}

func TestEveryOtherEndOfAStreamIsLost(t *testing.T) {
	for _, row := range []struct {
		protocol, kind string
		silence        string
		greet          func(*http.Request) (string, string)
		end            func(*net.TCPConn)
	}{
		{"sse", "unannounced", lost, eventsGreeting, says(chunk(tick) + end)},
		{"sse", "truncated", lost, eventsGreeting, says(chunk(tick))},
		{"sse", "truncated", lost, eventsGreeting, says(chunk(bye))},
		{"sse", "silent", "300ms", eventsGreeting, silent},
		{"websocket", "close-1000", lost, socketGreeting, says("\x88\x02\x03\xe8")},
		{"websocket", "close-1011", lost, socketGreeting, says("\x88\x02\x03\xf3")},
		{"websocket", "close-1005", lost, socketGreeting, says("\x88\x00")},
		{"websocket", "truncated", lost, socketGreeting, says("\x81\x04tick")},
		{"websocket", "truncated", lost, socketGreeting, says("\x81\x04ti")},
		{"websocket", "malformed", lost, socketGreeting, says("\x81\x84tick")},
		{"websocket", "silent", "300ms", socketGreeting, silent},
	} {
		r := sendTo(t, script(t, row.greet, row.end), one(row.protocol, lost, "-silence", row.silence)...)
		r.expect(t, 0, map[string]int{row.kind: 1})
		if first := r.summary.First; first.Version != "v1" || first.Pod != "p1" || r.summary.Losses["v1"][row.kind] != 1 {
			t.Errorf("%s, %s: first loss %+v", row.protocol, row.kind, first)
		}
	}
}

func TestAStreamThatCannotBeOpenedAgainIsLost(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		conn, err := listener.Accept()
		_ = listener.Close()
		if err != nil {
			return
		}
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, eventsHead+chunk(bye)+end)
	}()
	r := sendTo(t, "http://"+listener.Addr().String()+"/", one("sse", lost)...)
	r.expect(t, 0, map[string]int{"refused": 1})
	if r.summary.Migrated != 0 {
		t.Errorf("%d migrated; want none, since it was not opened again", r.summary.Migrated)
	}
}

func TestWhatIsNoStreamIsJudgedAsAnAnswer(t *testing.T) {
	answers := func(status int, version string) func(*http.Request) (string, string) {
		return func(*http.Request) (string, string) {
			return fmt.Sprintf("HTTP/1.1 %d Said\r\n%sContent-Length: 0\r\n\r\n", status, version), ""
		}
	}
	wrongProof := func(*http.Request) (string, string) {
		head, alive := socketGreeting(&http.Request{Header: http.Header{}})
		return head, alive
	}
	for _, protocol := range []string{"sse", "websocket"} {
		r := sendTo(t, script(t, answers(503, "X-Version: v2\r\n")), one(protocol, lost)...)
		r.expect(t, 1, nil)
		if r.summary.Versions["v2"]["503"] != 1 {
			t.Errorf("%s: versions %v", protocol, r.summary.Versions)
		}
		sendTo(t, script(t, answers(503, "")), one(protocol, lost)...).expect(t, 0, map[string]int{"foreign-503": 1})
		sendTo(t, script(t, answers(200, "X-Version: v1\r\n")), one(protocol, lost)...).expect(t, 0, map[string]int{"no-stream": 1})
	}
	sendTo(t, script(t, wrongProof), one("websocket", lost)...).expect(t, 0, map[string]int{"malformed": 1})
}

func TestStreamsThatAreWellEndWithTheRun(t *testing.T) {
	for protocol, greet := range map[string]func(*http.Request) (string, string){"sse": eventsGreeting, "websocket": socketGreeting} {
		load, err := parseLoad([]string{"-url", script(t, greet), "-protocol", protocol, "-rate", "100", "-length", "1h"}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer stop()
		var output strings.Builder
		if err := run(ctx, load, &output); err != nil {
			t.Fatal(err)
		}
		r := readReport(t, strings.NewReader(output.String()))
		r.expect(t, max(r.summary.Sent, 1), nil)
	}
}

func TestAStreamTookAsLongAsItsFirstOpening(t *testing.T) {
	opened := Outcome{Began: time.Now().Add(-time.Hour), Took: time.Second, Version: "v1"}
	if o := opened.held(reading, nil); o.Took != time.Second || o.Loss != "" {
		t.Errorf("%+v", o)
	}
	if o := opened.held(reading, errSilent); o.Took != time.Second || o.Loss != "silent" {
		t.Errorf("%+v", o)
	}
}
