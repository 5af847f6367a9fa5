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
	content string // its media type
	accept  string // the proof of a WebSocket's server
}

func newConnection(raw net.Conn, slot bool) *connection {
	return &connection{Conn: raw, reader: bufio.NewReaderSize(raw, 2048), slot: slot}
}

// plain is the exchange of a request whose bytes are known.
func plain(request []byte) exchange {
	return func(c *connection, deadline time.Time) (answer, phase, error) {
		answer, body, phase, err := c.ask(request, deadline)
		if err != nil {
			return answer, phase, err
		}
		defer body.Close()
		_, err = io.Copy(io.Discard, body)
		return answer, reading, err
	}
}

// ask sends a request and waits for the head of its answer.
func (c *connection) ask(request []byte, deadline time.Time) (answer, io.ReadCloser, phase, error) {
	if err := c.begin(deadline); err != nil {
		return answer{}, nil, asking, err
	}
	if _, err := c.Write(request); err != nil {
		return answer{}, nil, asking, err
	}
	return c.receive()
}

func (c *connection) begin(deadline time.Time) error {
	c.used = true
	return c.SetDeadline(deadline)
}

// receive waits for an answer and reads its head; the body, which the caller reads and closes, is there without an error only.
func (c *connection) receive() (answer, io.ReadCloser, phase, error) {
	if _, err := c.reader.Peek(1); err != nil {
		return answer{}, nil, asking, err
	}
	response, err := c.finalResponse()
	if err != nil {
		return answer{}, nil, reading, err
	}
	return headOf(response), response.Body, reading, nil
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
		content: response.Header.Get("Content-Type"),
		accept:  response.Header.Get("Sec-WebSocket-Accept"),
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
