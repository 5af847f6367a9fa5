package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// phase is how far a request came.
type phase int

const (
	dialling phase = iota
	asking         // sent, or being sent; no byte of the answer yet
	reading        // the answer has begun
)

// connection carries one request at a time.
type connection struct {
	net.Conn
	reader *bufio.Reader
	slot   bool // it holds one of the pool's places
	used   bool
}

// answer is what is left of an HTTP answer after its body was read to the end.
type answer struct {
	status  int
	version string
	pod     string
	closes  bool
}

func newConnection(raw net.Conn, slot bool) *connection {
	return &connection{Conn: raw, reader: bufio.NewReaderSize(raw, 2048), slot: slot}
}

// exchange sends one request and reads its whole answer. An error comes with the phase it happened in; the answer's head
// is given as far as it was read.
func (c *connection) exchange(request []byte, deadline time.Time) (answer, phase, error) {
	c.used = true
	if err := c.SetDeadline(deadline); err != nil {
		return answer{}, asking, err
	}
	if _, err := c.Write(request); err != nil {
		return answer{}, asking, err
	}
	if _, err := c.reader.Peek(1); err != nil {
		return answer{}, asking, err
	}
	response, err := c.finalResponse()
	if err != nil {
		return answer{}, reading, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return headOf(response), reading, err
}

// finalResponse skips interim answers (1xx).
func (c *connection) finalResponse() (*http.Response, error) {
	for {
		response, err := http.ReadResponse(c.reader, nil)
		if err != nil || response.StatusCode >= 200 || response.StatusCode == http.StatusSwitchingProtocols {
			return response, err
		}
	}
}

func headOf(response *http.Response) answer {
	return answer{
		status:  response.StatusCode,
		version: response.Header.Get(appHeader),
		pod:     response.Header.Get("X-Pod"),
		closes:  response.Close,
	}
}

// awaitEnd lets the server, which has announced it, close first: the side that closes first keeps the port for a minute, and
// a client with many new connections runs out of ports.
func (c *connection) awaitEnd() {
	_ = c.SetDeadline(time.Now().Add(time.Second))
	_, _ = c.reader.ReadByte()
}

// open says whether the connection is neither closed by the other side nor holds bytes nobody asked for. It looks without
// waiting, right before a request, as an HTTP library does: a close that has arrived costs no request.
func (c *connection) open() bool {
	if c.reader.Buffered() > 0 {
		return false
	}
	raw, err := c.Conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return false
	}
	var looked error
	var one [1]byte
	err = raw.Read(func(descriptor uintptr) bool {
		_, _, looked = syscall.Recvfrom(int(descriptor), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	})
	return err == nil && (looked == syscall.EAGAIN || looked == syscall.EWOULDBLOCK)
}
