package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestARequestKilledOnAReusedConnectionIsLostOnceAndNeverSentAgain(t *testing.T) {
	for name, linger := range map[string]int{"reset": 0, "orderly end": -1} {
		server := newWire(t, func(w *wire, conn *net.TCPConn, reader *bufio.Reader) {
			if w.receive(reader) {
				_, _ = io.WriteString(conn, good)
			}
			w.receive(reader)
			_ = conn.SetLinger(linger)
			_ = conn.Close()
		})
		outcomes, dials := oneByOne(t, 4, server.url, func() {}, "-connections", "keepalive", "-pool", "1")
		for i, kind := range []string{"", "idle-close", "", "idle-close"} {
			if o := outcomes[i]; o.Loss != kind || o.Reused != (kind != "") {
				t.Errorf("%s: request %d is %+v; want %q", name, i, o, kind)
			}
		}
		if received := server.requests.Load(); received != 4 || dials != 2 {
			t.Errorf("%s: the server received %d requests over %d connections; want 4 over 2", name, received, dials)
		}
	}
}

func TestAConnectionFoundClosedCostsNoRequest(t *testing.T) {
	closed := make(chan struct{})
	server := newWire(t, func(w *wire, conn *net.TCPConn, reader *bufio.Reader) {
		for w.receive(reader) {
			_, _ = io.WriteString(conn, good)
			if w.requests.Load() == 1 {
				_ = conn.Close()
				close(closed)
			}
		}
	})
	outcomes, dials := oneByOne(t, 4, server.url, func() { <-closed }, "-connections", "keepalive", "-pool", "1")
	for i, o := range outcomes {
		if o.Loss != "" || o.Reused != (i >= 2) {
			t.Errorf("request %d: %+v", i, o)
		}
	}
	if dials != 2 {
		t.Errorf("%d dials; want 2", dials)
	}
}

func TestAfterConnectionCloseTheNextRequestGoesElsewhere(t *testing.T) {
	server := app(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	r := sendTo(t, server.URL, twenty("-connections", "keepalive", "-pool", "1")...)
	r.expect(t, 20, nil)
	if r.summary.Dials != 20 {
		t.Errorf("%d dials; want 20", r.summary.Dials)
	}
}

func TestAConnectionWhoseEndIsAnnouncedIsNotUsedAgainEvenWhileItIsOpen(t *testing.T) {
	server := newWire(t, func(w *wire, conn *net.TCPConn, reader *bufio.Reader) {
		for w.receive(reader) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nX-Version: v1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		}
	})
	if _, dials := oneByOne(t, 2, server.url, func() {}, "-connections", "keepalive", "-pool", "1"); dials != 2 {
		t.Errorf("%d dials; want 2", dials)
	}
}

func TestAPoolUsesAllItsConnectionsInTurn(t *testing.T) {
	perClient := map[string]int{}
	var mutex sync.Mutex
	server := app(t, func(_ http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		perClient[r.RemoteAddr]++
	})
	_, dials := oneByOne(t, 20, server.URL, func() {}, "-connections", "keepalive", "-pool", "4")
	for client, requests := range perClient {
		if requests != 5 {
			t.Errorf("%s carried %d requests; want 5", client, requests)
		}
	}
	if dials != 4 || len(perClient) != 4 {
		t.Errorf("%d dials: %v; want 4", dials, perClient)
	}
}

func TestWhenThePoolIsBusyRequestsGoBesideIt(t *testing.T) {
	server := newGate(t)
	go func() {
		for range 20 {
			<-server.came
		}
		server.open()
	}()
	r := sendTo(t, server.url, twenty("-connections", "keepalive", "-pool", "3")...)
	r.expect(t, 20, nil)
	if r.summary.Dials != 20 {
		t.Errorf("%d dials; want 20", r.summary.Dials)
	}
}

func TestAFailedDialLeavesItsPlaceInThePool(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	comeUp := sync.OnceFunc(func() { serveAt(t, address) })
	outcomes, dials := oneByOne(t, 3, "http://"+address+"/", comeUp, "-connections", "keepalive", "-pool", "1")
	if outcomes[0].Loss != "refused" || outcomes[1].Loss != "" || outcomes[2].Loss != "" {
		t.Errorf("outcomes %+v", outcomes)
	}
	if dials != 2 || !outcomes[2].Reused {
		t.Errorf("%d dials, %+v; want 2, the third request on the connection of the second", dials, outcomes[2])
	}
}

func serveAt(t *testing.T, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(appHeader, "v1")
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}

func TestNewAndMixedConnections(t *testing.T) {
	for way, closing := range map[string]int{newConnections: 20, mixConnections: 10, keepConnections: 0} {
		closed := 0
		var mutex sync.Mutex
		server := app(t, func(_ http.ResponseWriter, r *http.Request) {
			mutex.Lock()
			defer mutex.Unlock()
			if r.Close {
				closed++
			}
		})
		sendTo(t, server.URL, twenty("-connections", way)...).expect(t, 20, nil)
		if closed != closing {
			t.Errorf("%s: %d requests said Connection: close; want %d", way, closed, closing)
		}
	}
}

func TestTheServerKeepsThePortsOfClosedConnections(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads the state of connections from /proc")
	}
	server := app(t, func(http.ResponseWriter, *http.Request) {})
	sendTo(t, server.URL, twenty()...).expect(t, 20, nil)
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	const closedFirstHere = "06" // TIME_WAIT
	port := fmt.Sprintf(":%04X", server.Listener.Addr().(*net.TCPAddr).Port)
	for _, line := range strings.Split(string(table), "\n") {
		if fields := strings.Fields(line); len(fields) > 3 && strings.HasSuffix(fields[2], port) && fields[3] == closedFirstHere {
			t.Errorf("the client has closed first: %s", line)
		}
	}
}

func TestBytesNobodyAskedForAreNoAnswer(t *testing.T) {
	server := newWire(t, func(w *wire, conn *net.TCPConn, reader *bufio.Reader) {
		for w.receive(reader) {
			_, _ = io.WriteString(conn, good+"HTTP/1.1 408 Request Timeout\r\n\r\n")
		}
	})
	r := sendTo(t, server.url, twenty("-connections", "keepalive", "-pool", "1")...)
	r.expect(t, 20, nil)
	if r.summary.Dials != 20 {
		t.Errorf("%d dials; want 20", r.summary.Dials)
	}
}

func TestAnInterimAnswerIsSkipped(t *testing.T) {
	server := app(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusOK)
	})
	r := sendTo(t, server.URL, twenty()...)
	r.expect(t, 20, nil)
	if r.summary.Codes["200"] != 20 {
		t.Errorf("codes %v", r.summary.Codes)
	}
}

func TestHostAndHeadersAreSent(t *testing.T) {
	server := app(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "shop.example" || r.Header.Get("X-Canary") != "a=b" || r.URL.RequestURI() != "/p?sleep=1ms" {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	r := sendTo(t, server.URL+"/p?sleep=1ms", twenty("-host", "shop.example", "-header", "X-Canary=a=b")...)
	if r.summary.Codes["200"] != 20 {
		t.Errorf("codes %v", r.summary.Codes)
	}
}
