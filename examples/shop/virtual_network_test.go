//go:build go1.25

package main

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// network is a listener in the tests' own time: what is sent arrives after a while, in order.
type network struct {
	away  time.Duration // one way
	calls chan net.Conn
	over  chan struct{}
	once  sync.Once
}

func newNetwork(away time.Duration) *network {
	return &network{away: away, calls: make(chan net.Conn), over: make(chan struct{})}
}

// dial gives the client's end of a new connection.
func (n *network) dial() *side {
	there, back := newLane(n.away), newLane(n.away)
	n.calls <- &side{in: there, out: back}
	return &side{in: back, out: there}
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case called := <-n.calls:
		return called, nil
	case <-n.over:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error   { n.once.Do(func() { close(n.over) }); return nil }
func (n *network) Addr() net.Addr { return place{} }

type place struct{}

func (place) Network() string { return "virtual" }
func (place) String() string  { return "virtual" }

// side is one end of a connection. Reading from one that was closed, and writing to it, reset nothing: what is lost is seen by
// whoever waits for an answer.
type side struct{ in, out *lane }

func (s *side) Read(p []byte) (int, error)  { return s.in.read(p) }
func (s *side) Write(p []byte) (int, error) { s.out.put(append([]byte{}, p...)); return len(p), nil }
func (s *side) CloseWrite() error           { s.out.put(nil); return nil }
func (s *side) Close() error                { s.out.put(nil); s.in.close(); return nil }
func (s *side) LocalAddr() net.Addr         { return place{} }
func (s *side) RemoteAddr() net.Addr        { return place{} }

func (s *side) SetDeadline(at time.Time) error     { return s.SetReadDeadline(at) }
func (s *side) SetReadDeadline(at time.Time) error { s.in.limit(at); return nil }
func (s *side) SetWriteDeadline(time.Time) error   { return nil }

// ended says whether the other side's end has arrived, as a client looks before it asks.
func (s *side) ended() bool {
	s.in.mutex.Lock()
	defer s.in.mutex.Unlock()
	return len(s.in.queue) > 0 && s.in.queue[0].bytes == nil && !s.in.queue[0].at.After(time.Now())
}

// lane is one direction.
type lane struct {
	away     time.Duration
	news     chan struct{}
	mutex    sync.Mutex
	queue    []parcel
	closed   bool
	deadline time.Time
}

// parcel is what was written at once; without bytes it is the end.
type parcel struct {
	at    time.Time
	bytes []byte
}

func newLane(away time.Duration) *lane {
	return &lane{away: away, news: make(chan struct{}, 1)}
}

func (l *lane) change(how func()) {
	l.mutex.Lock()
	how()
	l.mutex.Unlock()
	select {
	case l.news <- struct{}{}:
	default:
	}
}

func (l *lane) put(bytes []byte) {
	l.change(func() { l.queue = append(l.queue, parcel{time.Now().Add(l.away), bytes}) })
}
func (l *lane) close()             { l.change(func() { l.closed = true }) }
func (l *lane) limit(at time.Time) { l.change(func() { l.deadline = at }) }

func (l *lane) read(p []byte) (int, error) {
	for {
		n, err, next := l.look(p)
		if n > 0 || err != nil {
			return n, err
		}
		var due <-chan time.Time
		if !next.IsZero() {
			due = time.After(time.Until(next))
		}
		select {
		case <-l.news:
		case <-due:
		}
	}
}

// look reads what has arrived, or says when there is something to see next.
func (l *lane) look(p []byte) (n int, err error, next time.Time) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now := time.Now()
	switch {
	case l.closed:
		return 0, net.ErrClosed, next
	case !l.deadline.IsZero() && !now.Before(l.deadline):
		return 0, os.ErrDeadlineExceeded, next
	case len(l.queue) == 0:
		return 0, nil, l.deadline
	case l.queue[0].at.After(now):
		return 0, nil, l.queue[0].at
	case l.queue[0].bytes == nil:
		return 0, io.EOF, next
	}
	n = copy(p, l.queue[0].bytes)
	if l.queue[0].bytes = l.queue[0].bytes[n:]; len(l.queue[0].bytes) == 0 {
		l.queue = l.queue[1:]
	}
	return n, nil, next
}
