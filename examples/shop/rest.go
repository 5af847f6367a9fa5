package main

import (
	"context"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"
)

// A kept connection of HTTP/1.1 on which nothing is asked can only be closed: there is no answer to put a "Connection: close"
// on. A request that is on its way at that moment is lost, since the client learns of the end too late, and no server can
// prevent it. Keeping such connections to the end of the drain is worse: a long request that comes late is cut. So when to
// close? This is what TestLeavingUnderKeptConnectionsThatRestForAllKindsOfTimes counts with 54,000 connections, of which 6,000
// ask for 20 s, and 5 ms each way:
//
//	close                                             lost on their way   cut at the end
//	when no request is in work for the quiet time            51               1127
//	at once on SIGTERM                                      102                  0
//	after the quiet time since its last request            3329                  0
//	after 0 to 1 quiet times since SIGTERM                   75                  0
//	after the quiet time since SIGTERM                       37                  0
//	after 1.2 quiet times since SIGTERM                      19                  0
//	after 1 to 1.2 of them, each its own                     18                  0
//
// The last one it is. Who asks at least once in a quiet time has been told by an answer before. Counting from the last request
// would hit everybody who asks in the rhythm of the quiet time, each at the very moment of the next request; SIGTERM falls into
// nobody's rhythm. And since each connection has a time of its own, clients of one rhythm and one beat are not all hit together.
const ownShare = 0.2

const (
	// restLook is how often somebody looks for connections whose time is over.
	restLook = 20 * time.Millisecond
	// lastMoment is for what is on its way when a connection ends: whoever sent it reads an end of the connection, which
	// libraries know and answer by sending again what may be sent twice, and not a reset, which many report as an error.
	lastMoment = 500 * time.Millisecond
)

// rest is the time in which a connection of HTTP/1.1 waits for a request, its first one or the next.
type rest struct {
	mutex  sync.Mutex
	since  time.Time // zero while a request is in work, and for HTTP/2, which ends by its GOAWAY
	ending bool      // the reader has been woken to end the connection
	own    float64   // from 0 to 1: what makes its quiet time differ from that of the others
}

// noteState hears from net/http when a connection has nothing more to do; that it has something again is seen earlier, with
// the first byte that is read.
func noteState(c net.Conn, state http.ConnState) {
	if resting, ours := c.(*conn); ours && state == http.StateIdle && !resting.multiplexed.Load() {
		resting.rest.begin()
	}
}

func (r *rest) begin() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.since, r.own = time.Now(), rand.Float64()
}

// goesOn says that there is something to read, and takes back the end that somebody has asked for meanwhile.
func (c *conn) goesOn() {
	c.rest.mutex.Lock()
	defer c.rest.mutex.Unlock()
	c.rest.since = time.Time{}
	c.takeBack()
}

// isToEnd says whether the reader was woken to end the connection.
func (c *conn) isToEnd() bool {
	c.rest.mutex.Lock()
	defer c.rest.mutex.Unlock()
	return c.takeBack()
}

func (c *conn) takeBack() (asked bool) {
	if asked = c.rest.ending; asked {
		c.rest.ending = false
		_ = c.Conn.SetReadDeadline(time.Time{})
	}
	return asked
}

// endIfRested wakes the reader of a connection that has rested for its time. The reader ends it: nobody else can tell for
// sure that nothing has been read.
func (c *conn) endIfRested(leaving, now time.Time, quiet time.Duration) {
	c.rest.mutex.Lock()
	defer c.rest.mutex.Unlock()
	if c.rest.since.IsZero() {
		return
	}
	begun := c.rest.since
	if begun.Before(leaving) {
		begun = leaving
	}
	if now.Sub(begun) >= time.Duration(float64(quiet)*(1+ownShare*c.rest.own)) {
		c.rest.ending = true
		_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// arrived says whether something is here that nobody has read yet: the last look before the end.
func (c *conn) arrived() bool {
	under, real := c.Conn.(syscall.Conn)
	if !real {
		return false
	}
	raw, err := under.SyscallConn()
	if err != nil {
		return false
	}
	var one [1]byte
	found := 0
	err = raw.Read(func(descriptor uintptr) bool {
		found, _, _ = syscall.Recvfrom(int(descriptor), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	})
	return err == nil && found > 0
}

// part ends the connection. What still comes is not begun: its answer could not be sent.
func (c *conn) part() {
	_ = c.CloseWrite()
	_ = c.Conn.SetReadDeadline(time.Now().Add(lastMoment))
	if late, _ := io.Copy(io.Discard, c.Conn); late > 0 {
		log.Printf("A request from %s came too late: its connection had rested and was just ended.", c.RemoteAddr())
	}
}

// endRested ends the connections that rest, each when its time is over, until the end of ctx.
func (f *farewells) endRested(ctx context.Context, quiet time.Duration) {
	leaving := time.Now()
	look := time.NewTicker(restLook)
	defer look.Stop()
	for {
		for _, c := range f.all() {
			c.endIfRested(leaving, time.Now(), quiet)
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

// anyOfHTTP1 says whether there is still a connection of HTTP/1.1. Each of them ends by itself: after its last answer, or when
// it has rested. The shutdown of net/http would close one that was answered before SIGTERM and does not rest yet.
func (f *farewells) anyOfHTTP1() bool {
	return slices.ContainsFunc(f.all(), func(c *conn) bool { return !c.multiplexed.Load() })
}
