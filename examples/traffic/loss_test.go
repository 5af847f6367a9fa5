package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestARefusedConnectionIsLost(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String() + "/"
	_ = listener.Close()
	r := sendTo(t, url, twenty()...)
	r.expect(t, 0, map[string]int{"refused": 20})
	if r.summary.First.Kind != "refused" || r.summary.First.Address == "" || r.summary.First.Error == "" {
		t.Errorf("first loss %+v", r.summary.First)
	}
}

func TestAnAnswerThatIsResetOrCutIsLost(t *testing.T) {
	for kind, linger := range map[string]int{"reset": 0, "truncated": -1} {
		server := newWire(t, func(w *wire, conn *net.TCPConn, reader *bufio.Reader) {
			if w.receive(reader) {
				_, _ = io.WriteString(conn, half)
				_ = conn.SetLinger(linger)
			}
			_ = conn.Close()
		})
		for _, way := range []string{newConnections, keepConnections} {
			sendTo(t, server.url, twenty("-connections", way)...).expect(t, 0, map[string]int{kind: 20})
		}
	}
}

func TestALostAnswerWhoseHeadCameNamesThePod(t *testing.T) {
	server := newWire(t, func(w *wire, conn *net.TCPConn, reader *bufio.Reader) {
		w.receive(reader)
		_, _ = io.WriteString(conn, half)
		_ = conn.Close()
	})
	loss := sendTo(t, server.url, twenty()...).summary.First
	if loss.Pod != "p1" || loss.Version != "v1" || loss.Status != 200 {
		t.Errorf("first loss %+v", loss)
	}
}

func TestAConnectionClosedWithoutAnAnswerIsLost(t *testing.T) {
	server := newWire(t, func(w *wire, conn *net.TCPConn, reader *bufio.Reader) {
		w.receive(reader)
		_ = conn.Close()
	})
	sendTo(t, server.url, twenty()...).expect(t, 0, map[string]int{"closed": 20})
}

func TestAServerThatNeverAnswersIsLostAtTheTimeout(t *testing.T) {
	server := newWire(t, func(w *wire, _ *net.TCPConn, reader *bufio.Reader) {
		for w.receive(reader) { // a connection that is let go would be closed by the garbage collector
		}
	})
	sendTo(t, server.url, twenty("-timeout", "1s")...).expect(t, 0, map[string]int{"timeout": 20})
}

func TestAnAnswerThatIsNoHTTPIsLost(t *testing.T) {
	server := newWire(t, func(w *wire, conn *net.TCPConn, reader *bufio.Reader) {
		w.receive(reader)
		_, _ = io.WriteString(conn, "Good day\r\n\r\n")
		_ = conn.Close()
	})
	sendTo(t, server.url, twenty()...).expect(t, 0, map[string]int{"malformed": 20})
}

func TestAnAnswerTheAppDidNotGiveIsLost(t *testing.T) {
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer gateway.Close()
	r := sendTo(t, gateway.URL, twenty()...)
	r.expect(t, 0, map[string]int{"foreign-503": 20})
	if r.summary.First.Status != 503 || len(r.summary.Codes) != 0 {
		t.Errorf("first loss %+v, codes %v", r.summary.First, r.summary.Codes)
	}
}

func TestAnErrorOfTheAppIsAnAnswer(t *testing.T) {
	server := app(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	r := sendTo(t, server.URL, twenty()...)
	r.expect(t, 20, nil)
	if r.summary.Codes["500"] != 20 || r.summary.Versions["v1"]["500"] != 20 {
		t.Errorf("codes %v, versions %v", r.summary.Codes, r.summary.Versions)
	}
}

func TestASlowAnswerIsNotLost(t *testing.T) {
	server := app(t, func(http.ResponseWriter, *http.Request) { time.Sleep(300 * time.Millisecond) })
	r := sendTo(t, server.URL, twenty()...)
	r.expect(t, 20, nil)
	if *r.summary.P50 < 300 {
		t.Errorf("p50 %v ms", *r.summary.P50)
	}
}

func TestANameThatDoesNotExistIsLost(t *testing.T) {
	sendTo(t, "http://shop.invalid/", "-rate", "1000", "-for", "2ms").expect(t, 0, map[string]int{"dns": 2})
}

// What cannot be provoked on loopback, and how the two ends of a kept connection are told apart.
func TestKindsOfLoss(t *testing.T) {
	wrap := func(err error) error {
		return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", err)}
	}
	for _, row := range []struct {
		at     phase
		reused bool
		waited time.Duration
		err    error
		kind   string
	}{
		{dialling, false, 0, wrap(syscall.EHOSTUNREACH), "unreachable"},
		{dialling, false, 0, wrap(syscall.ENETUNREACH), "unreachable"},
		{dialling, false, 0, wrap(os.ErrDeadlineExceeded), "connect-timeout"},
		{dialling, false, 0, wrap(syscall.ETIMEDOUT), "connect-timeout"},
		{asking, true, 0, wrap(os.ErrDeadlineExceeded), "timeout"},
		{reading, true, 0, wrap(os.ErrDeadlineExceeded), "timeout"},
		{asking, true, raceWindow - 1, io.EOF, "idle-close"},
		{asking, true, raceWindow - 1, wrap(syscall.ECONNRESET), "idle-close"},
		{asking, true, raceWindow - 1, wrap(syscall.EPIPE), "idle-close"},
		{asking, true, raceWindow, io.EOF, "closed"},
		{asking, true, raceWindow, wrap(syscall.ECONNRESET), "reset"},
		{asking, false, 0, wrap(syscall.ECONNRESET), "reset"},
		{asking, false, 0, wrap(syscall.EPIPE), "reset"},
		{reading, true, 0, io.ErrUnexpectedEOF, "truncated"},
		{asking, false, 0, wrap(syscall.EPERM), "other"},
		{reading, false, 0, errors.New("malformed HTTP"), "malformed"},
	} {
		if kind := lossKind(row.at, row.reused, row.waited, row.err); kind != row.kind {
			t.Errorf("%+v: got %s", row, kind)
		}
	}
}

func TestWhatThisMachineLacksIsNoLoss(t *testing.T) {
	for cause, reason := range map[error]string{
		syscall.EADDRNOTAVAIL: "no-port", syscall.EMFILE: "no-file", syscall.ENFILE: "no-file", syscall.ENOBUFS: "no-memory",
		syscall.ECONNRESET: "",
	} {
		if got := shortage(fmt.Errorf("dial: %w", cause)); got != reason {
			t.Errorf("%v: got %q", cause, got)
		}
	}
}
