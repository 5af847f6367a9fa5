package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// app2 is an app that speaks HTTP/2 as well.
func app2(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handle)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func TestRequestsShareFewConnections(t *testing.T) {
	perClient := map[string]int{}
	var mutex sync.Mutex
	url := app2(t, func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		perClient[r.RemoteAddr]++
		w.Header().Set(appHeader, r.Proto)
	})
	r := sendTo(t, url, twenty("-protocol", "http2")...)
	r.expect(t, 20, nil)
	for address, requests := range perClient {
		if requests != 5 {
			t.Errorf("%s carried %d requests; want 5", address, requests)
		}
	}
	if len(perClient) != multiplexedPool || r.summary.Dials != multiplexedPool || r.summary.Versions["HTTP/2.0"]["200"] != 20 {
		t.Errorf("%d dials, %v, versions %v", r.summary.Dials, perClient, r.summary.Versions)
	}
}

func TestAllRequestsOfAConnectionAreUnderWayAtOnce(t *testing.T) {
	var all sync.WaitGroup
	all.Add(20)
	url := app2(t, func(w http.ResponseWriter, _ *http.Request) {
		all.Done()
		all.Wait()
		w.Header().Set(appHeader, "v1")
	})
	r := sendTo(t, url, twenty("-protocol", "http2", "-pool", "1")...)
	r.expect(t, 20, nil)
	if r.summary.Dials != 1 {
		t.Errorf("%d dials; want 1", r.summary.Dials)
	}
}

func TestWhatTheServerHasNotBegunIsSentAgainElsewhereAndCounted(t *testing.T) {
	for name, refuse := range map[string]func(*frames, uint32){
		"GOAWAY":         func(f *frames, stream uint32) { f.goAway(stream - 2) },
		"REFUSED_STREAM": func(f *frames, stream uint32) { f.reset(stream, refusedStream) },
	} {
		const third = 5 // the stream of the third request
		url, received := newFrames(t, func(f *frames, stream uint32) {
			if f.number == 1 && stream == third {
				refuse(f, stream)
			} else {
				f.answer(stream)
			}
		})
		outcomes, _ := oneByOne(t, 5, url, func() {}, "-protocol", "http2", "-pool", "1")
		for i, o := range outcomes {
			if o.Loss != "" || o.Version != "v1" {
				t.Errorf("%s: request %d is %+v", name, i, o)
			}
		}
		if received.Load() != 6 {
			t.Errorf("%s: the server received %d requests; want 6", name, received.Load())
		}
	}
}

func TestAServerThatNeverBeginsLosesAndEveryTryIsCounted(t *testing.T) {
	url, received := newFrames(t, func(f *frames, stream uint32) { f.reset(stream, refusedStream) })
	r := sendTo(t, url, "-protocol", "http2", "-rate", "1000", "-for", "2ms")
	r.expect(t, 0, map[string]int{"refused-stream": 2})
	if r.summary.Retried != 2*(most-1) || received.Load() != 2*most {
		t.Errorf("%d retried, the server received %d; want %d and %d", r.summary.Retried, received.Load(), 2*(most-1), 2*most)
	}
}

func TestWhatBreaksARequestOnHTTP2HasLostItAndItIsNeverSentAgain(t *testing.T) {
	for _, row := range []struct {
		name, kind string
		breaks     func(f *frames, stream uint32)
	}{
		{"reset by the server", "stream-reset", func(f *frames, stream uint32) { f.reset(stream, 2) }},
		{"reset within the answer", "stream-reset", func(f *frames, stream uint32) { f.begin(stream); f.reset(stream, 8) }},
		{"cut although GOAWAY had promised an answer", "goaway", func(f *frames, stream uint32) {
			f.goAway(stream)
			_ = f.CloseWrite()
		}},
		{"end of the connection", "closed", func(f *frames, _ uint32) { _ = f.CloseWrite() }},
		{"end within the answer", "truncated", func(f *frames, stream uint32) { f.begin(stream); _ = f.CloseWrite() }},
		{"silence", "timeout", func(*frames, uint32) {}},
	} {
		url, received := newFrames(t, row.breaks)
		outcomes, _ := oneByOne(t, 1, url, func() {}, "-protocol", "http2", "-timeout", "1s")
		if outcomes[0].Loss != row.kind {
			t.Errorf("%s: %+v; want %s", row.name, outcomes[0], row.kind)
		}
		if received.Load() != 1 {
			t.Errorf("%s: the server received %d requests; want 1", row.name, received.Load())
		}
	}
}

func TestAnAnswerWhoseHeadCameOverHTTP2NamesThePod(t *testing.T) {
	url, _ := newFrames(t, func(f *frames, stream uint32) { f.begin(stream); _ = f.CloseWrite() })
	r := sendTo(t, url, twenty("-protocol", "http2", "-pool", "20")...)
	r.expect(t, 0, map[string]int{"truncated": 20})
	if first := r.summary.First; first.Pod != "p1" || first.Version != "v1" || r.summary.Losses["v1"]["truncated"] != 20 {
		t.Errorf("first loss %+v, losses %v", first, r.summary.Losses)
	}
}

func TestAConnectionOfManyFoundClosedCostsNoRequest(t *testing.T) {
	url, received := newFrames(t, func(f *frames, stream uint32) {
		f.answer(stream)
		f.goAway(1<<31 - 1)
	})
	outcomes, dials := oneByOne(t, 3, url, func() {}, "-protocol", "http2", "-pool", "1")
	for i, o := range outcomes {
		if o.Loss != "" {
			t.Errorf("request %d: %+v", i, o)
		}
	}
	if received.Load() != 3 || dials < 2 {
		t.Errorf("the server received %d requests over %d connections; want 3 over more than one", received.Load(), dials)
	}
}

// asked sends a request over the one connection of the client, after this was made to end.
func asked(t *testing.T, c *Client, end func(*channel)) (*call, error) {
	t.Helper()
	outcome, once := c.begin(), sync.Once{}
	began, _, err := c.ask(t.Context(), 0, &outcome, func() *http.Request {
		once.Do(func() { end(c.multiplex.places[0].current) })
		return c.load.over2(t.Context(), http.MethodGet, nil)
	})
	return began, err
}

func TestAConnectionThatEndsBetweenTheLookAndTheRequestCostsNone(t *testing.T) {
	url, received := newFrames(t, func(f *frames, stream uint32) { f.answer(stream) })
	load, err := parseLoad([]string{"-url", url, "-protocol", "http2", "-pool", "1"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(load)
	c.send(0, func(Outcome) {})
	began, err := asked(t, c, func(used *channel) { _ = used.Close() })
	if err != nil {
		t.Fatal(err)
	}
	began.close()
	if received.Load() != 2 || c.record.total.Retried != 0 || c.dials.Load() != 2 {
		t.Errorf("the server received %d requests over %d connections, %d retried; want 2 over 2 and none",
			received.Load(), c.dials.Load(), c.record.total.Retried)
	}
}

func TestANewConnectionThatTheServerEndsAtOnceIsLost(t *testing.T) {
	server := newWire(t, func(_ *wire, conn *net.TCPConn, reader *bufio.Reader) {
		_ = conn.CloseWrite()
		_, _ = io.Copy(io.Discard, reader)
	})
	sendTo(t, server.url, twenty("-protocol", "http2", "-pool", "20")...).expect(t, 0, map[string]int{"closed": 20})
	load, err := parseLoad([]string{"-url", server.url, "-protocol", "http2", "-pool", "1"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	_, err = asked(t, newClient(load), func(unused *channel) {
		for unused.Err() == nil {
			time.Sleep(time.Millisecond)
		}
	})
	if kind := lossKind(asking, false, 0, err); kind != "closed" {
		t.Errorf("got %s for %v; want closed", kind, err)
	}
}

func TestRequestsThatWaitForOneRefusedDialAreAllLost(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String() + "/"
	_ = listener.Close()
	sendTo(t, url, twenty("-protocol", "http2", "-pool", "1")...).expect(t, 0, map[string]int{"refused": 20})
}

func TestAGatewaysAnswerOverHTTP2IsLost(t *testing.T) {
	url := app2(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	sendTo(t, url, twenty("-protocol", "http2")...).expect(t, 0, map[string]int{"foreign-502": 20})
}

func TestAServerOfHTTP1IsNoServerOfHTTP2(t *testing.T) {
	server := newWire(t, func(_ *wire, conn *net.TCPConn, _ *bufio.Reader) {
		_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
		_ = conn.Close()
	})
	r := sendTo(t, server.url, twenty("-protocol", "http2")...)
	if r.summary.Lost != 20 {
		t.Errorf("summary %+v", r.summary.Counts)
	}
}
