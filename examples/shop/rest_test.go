package main

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

func TestARestingConnectionEndsWhileALongRequestIsInWork(t *testing.T) {
	shop := startShop(t, "QUIET_S=0.2")
	address := shop.address()
	unused, used, slow := connect(t, address), connect(t, address), inFlight(t, address)
	used.send("/")
	used.receive()
	shop.signal(syscall.SIGTERM)
	for name, resting := range map[string]*persistent{"unused": unused, "used": used} {
		if _, err := resting.reader.ReadByte(); err != io.EOF {
			t.Errorf("%s: got %v; want an orderly end while the long request is in work", name, err)
		}
	}
	slow.finish()
	if answer := slow.receive(); answer.code != 200 || !answer.closes {
		t.Errorf("got %d, close %t; want 200 and Connection: close", answer.code, answer.closes)
	}
	if code, said := shop.exit(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

func TestARestingConnectionIsAnsweredAfterTheListenerHasClosed(t *testing.T) {
	shop := startShop(t, "QUIET_S=30")
	address := shop.address()
	resting := connect(t, address)
	resting.send("/readyz") // a probe: no request was ever in work, so the listener closes at once
	resting.receive()
	shop.signal(syscall.SIGTERM)
	for {
		late, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		_ = late.Close()
		time.Sleep(5 * time.Millisecond)
	}
	resting.send("/")
	if answer := resting.receive(); answer.code != 200 || !answer.closes {
		t.Errorf("got %d, close %t; want 200 and Connection: close", answer.code, answer.closes)
	}
	if code, said := shop.exit(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

// tcp is a connection of ours and the client's end of it.
func tcp(t *testing.T) (*conn, net.Conn) {
	t.Helper()
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := newFarewells(raw)
	client, err := net.Dial("tcp", raw.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _, _ = client.Close(), accepted.Close(), listener.Close() })
	return accepted.(*conn), client
}

func TestWhatHasArrivedBeforeTheEndIsRead(t *testing.T) {
	ours, client := tcp(t)
	if _, err := io.WriteString(client, "GET"); err != nil {
		t.Fatal(err)
	}
	for !ours.arrived() {
		time.Sleep(time.Millisecond)
	}
	ours.endIfRested(time.Time{}, time.Now(), 0)
	whole := make([]byte, 10)
	if n, err := ours.Read(whole); n != 3 || err != nil || !ours.rest.since.IsZero() {
		t.Errorf("got %d bytes, %v, resting since %s; want a request in work", n, err, ours.rest.since)
	}
	ours.endIfRested(time.Time{}, time.Now(), 0) // a request is in work
	if _, err := io.WriteString(client, "more"); err != nil {
		t.Fatal(err)
	}
	if n, err := ours.Read(whole); n != 4 || err != nil {
		t.Errorf("got %d bytes, %v; want the rest of the request", n, err)
	}
}

func TestAnEndThatWasAskedForIsTakenBackWhenARequestWasReadAtThatMoment(t *testing.T) {
	ours, client := tcp(t)
	ours.endIfRested(time.Time{}, time.Now(), 0)
	ours.goesOn()
	if !ours.rest.since.IsZero() || ours.isToEnd() {
		t.Errorf("resting since %s; want a request in work", ours.rest.since)
	}
	if _, err := io.WriteString(client, "body"); err != nil {
		t.Fatal(err)
	}
	if n, err := ours.Read(make([]byte, 10)); n != 4 || err != nil {
		t.Errorf("got %d bytes, %v; want the request's body", n, err)
	}
}

func TestClosingTheListenerTwiceIsNoFailure(t *testing.T) {
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := newFarewells(raw)
	if first, second := listener.Close(), listener.Close(); first != nil || second != nil {
		t.Errorf("got %v and %v", first, second)
	}
}

func TestARequestThatComesRightAfterTheEndMeetsNoReset(t *testing.T) {
	ours, client := tcp(t)
	ours.endIfRested(time.Time{}, time.Now(), 0)
	ended := make(chan error)
	go func() {
		_, err := ours.Read(make([]byte, 10))
		ended <- err
	}()
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("got %v; want an orderly end", err)
	}
	for range 3 {
		if _, err := io.WriteString(client, "GET / HTTP/1.1\r\n\r\n"); err != nil {
			t.Errorf("writing: %v", err)
		}
		time.Sleep(5 * time.Millisecond) // a reset would have come back
	}
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v; want an orderly end, no reset", err)
	}
	if err := <-ended; err != io.EOF {
		t.Errorf("got %v; want nothing of the request", err)
	}
}

func TestEachConnectionRestsForAtLeastTheQuietTimeSinceTheShopLeaves(t *testing.T) {
	const quiet = 5 * time.Second
	ours, _ := tcp(t)
	leaving := time.Now().Add(time.Minute) // it has rested for long by then
	for _, row := range []struct {
		own   float64
		after time.Duration
		ends  bool
	}{
		{0, quiet - time.Millisecond, false},
		{0, quiet, true},
		{0.5, quiet + 499*time.Millisecond, false},
		{0.5, quiet + 501*time.Millisecond, true},
		{1, quiet + 999*time.Millisecond, false},
		{1, quiet + 1001*time.Millisecond, true},
	} {
		ours.rest.own = row.own
		ours.endIfRested(leaving, leaving.Add(row.after), quiet)
		if got := ours.isToEnd(); got != row.ends {
			t.Errorf("own share %v, after %s: ends %t", row.own, row.after, got)
		}
	}
}

func TestAConnectionOfHTTP2NeverRests(t *testing.T) {
	shop := startShop(t, "QUIET_S=0.05", "STREAMS_S=0")
	held := inFlight(t, shop.address())
	client := connectFramed(t, shop.address())
	client.post(1, "/", "text/plain")
	awaitMetric(t, shop.address(), "http_requests_in_flight 2")
	shop.signal(syscall.SIGTERM)
	client.expect(received{kind: frameGoAway})
	held.finish()
	held.receive()
	client.send(frameData, endStream, 1, nil)
	for answered := false; !answered; {
		got := client.receive()
		answered = got.kind == frameData && got.flags&endStream > 0
	}
	if code, said := shop.exit(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}
