package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// report is a whole output, read back.
type report struct {
	seconds []Second
	summary Summary
}

// sendTo runs the client in this process against a server and reads its report.
func sendTo(t *testing.T, url string, flags ...string) report {
	t.Helper()
	load, err := parseLoad(append([]string{"-url", url}, flags...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	if err := run(context.Background(), load, &output); err != nil {
		t.Fatal(err)
	}
	return readReport(t, &output)
}

// twenty are the flags for exactly twenty requests.
func twenty(flags ...string) []string {
	return append([]string{"-rate", "1000", "-for", "20ms", "-max-lag", "1h"}, flags...)
}

// oneByOne sends n requests, each after the last one has ended and settle has returned.
func oneByOne(t *testing.T, n int, url string, settle func(), flags ...string) (outcomes []Outcome, dials int64) {
	t.Helper()
	load, err := parseLoad(append([]string{"-url", url}, flags...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	client := newClient(load)
	for i := range n {
		client.send(i, func(o Outcome) { outcomes = append(outcomes, o) })
		settle()
	}
	return outcomes, client.dials.Load()
}

func readReport(t *testing.T, output io.Reader) (r report) {
	t.Helper()
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if text := lines.Bytes(); bytes.HasPrefix(text, []byte(`{"summary":`)) {
			end := struct{ Summary *Summary }{&r.summary}
			decode(t, text, &end)
		} else {
			var second Second
			decode(t, text, &second)
			r.seconds = append(r.seconds, second)
		}
	}
	if r.summary.Counts == nil {
		t.Fatal("there is no summary")
	}
	return r
}

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// expect checks the totals and that they are the sums of the seconds.
func (r report) expect(t *testing.T, answered int, kinds map[string]int) {
	t.Helper()
	lost := 0
	for kind, count := range kinds {
		lost += count
		if r.summary.Kinds[kind] != count {
			t.Errorf("%d lost as %s; want %d", r.summary.Kinds[kind], kind, count)
		}
	}
	if s := r.summary; s.Answered != answered || s.Lost != lost || s.Sent != answered+lost {
		t.Errorf("sent %d, answered %d, lost %d %v; want answered %d, lost %d, first %+v",
			s.Sent, s.Answered, s.Lost, s.Kinds, answered, lost, s.First)
	}
	if last := r.seconds[len(r.seconds)-1]; last.Outstanding != 0 {
		t.Errorf("%d requests are outstanding at the end", last.Outstanding)
	}
	var sums Counts
	for _, second := range r.seconds {
		if (second.P99 == nil) != (second.Answered == 0) {
			t.Errorf("second %d has %d answers and p99 %v", second.T, second.Answered, second.P99)
		}
		sums.Sent += second.Sent
		sums.Answered += second.Answered
		sums.Lost += second.Lost
		sums.Skipped += second.Skipped
	}
	if s := r.summary; sums.Sent != s.Sent || sums.Answered != s.Answered || sums.Lost != s.Lost || sums.Skipped != s.Skipped {
		t.Errorf("the seconds add up to %+v; the summary says %+v", sums, s.Counts)
	}
}

// app is a server whose answers carry the header of the app.
func app(t *testing.T, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(appHeader, "v1")
		handle(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

// wire is a server that is written by hand: it hands each connection to serve and counts the requests it has received.
type wire struct {
	url      string
	requests atomic.Int64
}

func newWire(t *testing.T, serve func(w *wire, conn *net.TCPConn, reader *bufio.Reader)) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	w := &wire{url: "http://" + listener.Addr().String() + "/"}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(w, conn.(*net.TCPConn), bufio.NewReader(conn))
		}
	}()
	return w
}

// receive reads one request and says whether there was one.
func (w *wire) receive(reader *bufio.Reader) bool {
	request, err := http.ReadRequest(reader)
	if err != nil {
		return false
	}
	w.requests.Add(1)
	_, err = io.Copy(io.Discard, request.Body)
	return err == nil
}

// good is a whole answer of the app, on a connection that is kept.
const good = "HTTP/1.1 200 OK\r\nX-Version: v1\r\nX-Pod: p1\r\nContent-Length: 4\r\n\r\ngood"

// half is the beginning of an answer.
var half = strings.TrimSuffix(good, "od")
