package main

import (
	"context"
	"encoding/binary"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// farewells is a listener that can tell its HTTP/2 connections that no further request may come over them, while requests
// that are under way are all answered: the first of the two GOAWAY frames of RFC 9113, section 6.8. The server of net/http
// only sends the second one, at its shutdown, which refuses the requests that are on their way at that moment; and until
// then a client with nothing but long streams would learn nothing.
type farewells struct {
	net.Listener
	close func() error // once
	mutex sync.Mutex
	open  map[*conn]struct{}
}

func newFarewells(listener net.Listener) *farewells {
	return &farewells{Listener: listener, close: sync.OnceValue(listener.Close), open: map[*conn]struct{}{}}
}

// Accept hands out connections that know whether they speak HTTP/2.
func (f *farewells) Accept() (net.Conn, error) {
	raw, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	accepted := &conn{Conn: raw, forget: f.forget}
	accepted.rest.begin()
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.open[accepted] = struct{}{}
	return accepted, nil
}

// Close stops listening. The server closes once more at its shutdown, and must not take that for a failure.
func (f *farewells) Close() error { return f.close() }

func (f *farewells) all() []*conn {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return slices.Collect(maps.Keys(f.open))
}

func (f *farewells) forget(c *conn) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	delete(f.open, c)
}

// sayAll says farewell to every HTTP/2 connection that is in use now. None waits for another: a client may have stopped reading.
func (f *farewells) sayAll() {
	for _, c := range f.all() {
		go c.sayFarewell()
	}
}

// shutdownNotice is a whole GOAWAY frame: no error, and no stream is excluded.
var shutdownNotice = []byte{0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0}

const (
	prefaceStart = "PRI " // no HTTP/1.1 request begins with it
	frameHeader  = 9
)

// conn follows the frames that the server writes, so that a frame of our own never lands inside one of them.
type conn struct {
	net.Conn
	forget      func(*conn)
	known       atomic.Bool // whether it speaks HTTP/2 is decided
	multiplexed atomic.Bool // it speaks HTTP/2
	rest        rest

	mutex  sync.Mutex
	start  []byte // the first bytes read, at most as many as prefaceStart has
	header []byte // the begun header of the frame being written
	left   int    // bytes missing of the frame being written
	frames int    // frames written completely
	wanted bool
	said   bool
}

func (c *conn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		switch {
		case n > 0:
			c.goesOn()
			c.recognise(p[:n])
			return n, err
		case !c.isToEnd():
			return n, err
		case !c.arrived():
			c.part()
			return 0, io.EOF
		}
	}
}

func (c *conn) recognise(read []byte) {
	if c.known.Load() {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.start = append(c.start, read[:min(len(read), len(prefaceStart)-len(c.start))]...)
	c.multiplexed.Store(string(c.start) == prefaceStart)
	c.known.Store(len(c.start) == len(prefaceStart))
}

func (c *conn) Write(p []byte) (int, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	n, err := c.Conn.Write(p)
	if !c.multiplexed.Load() || err != nil {
		return n, err
	}
	c.follow(p)
	c.sayIfDue()
	return n, nil
}

func (c *conn) Close() error {
	c.forget(c)
	return c.Conn.Close()
}

// CloseWrite lets the server end a connection in order, as it does with a bare TCP connection.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// sayFarewell sends the notice once, as soon as a frame is complete; a connection of HTTP/1.1 has "Connection: close" instead.
func (c *conn) sayFarewell() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.multiplexed.Load() {
		c.wanted = true
		c.sayIfDue()
	}
}

// sayIfDue never speaks before the server's first frame, which must be its settings.
func (c *conn) sayIfDue() {
	if !c.wanted || c.said || c.frames == 0 || c.left > 0 || len(c.header) > 0 {
		return
	}
	c.said = true
	_, _ = c.Conn.Write(shutdownNotice) // a connection that is broken needs no farewell
}

// follow counts the frames in what was written.
func (c *conn) follow(p []byte) {
	for len(p) > 0 {
		if c.left == 0 {
			taken := min(frameHeader-len(c.header), len(p))
			c.header, p = append(c.header, p[:taken]...), p[taken:]
			if len(c.header) < frameHeader {
				return
			}
			c.left = int(binary.BigEndian.Uint32(c.header) >> 8)
			c.header = c.header[:0]
		}
		passed := min(c.left, len(p))
		c.left, p = c.left-passed, p[passed:]
		if c.left == 0 {
			c.frames++
		}
	}
}

type connKey struct{}

// withConn lets a handler find the connection of its request.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

func connOf(r *http.Request) *conn {
	found, _ := r.Context().Value(connKey{}).(*conn)
	return found
}
