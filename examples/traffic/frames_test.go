package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Frames of HTTP/2 by hand: net/http's server cannot misbehave.
const (
	frameData     = 0
	frameHeaders  = 1
	frameReset    = 3
	frameSettings = 4
	frameGoAway   = 7

	endStream  = 1
	endHeaders = 4
)

// frames is one connection of a server that is written by hand.
type frames struct {
	*net.TCPConn
	number int // of the connection, from 1
	mutex  sync.Mutex
}

// newFrames is a server whose connections hand each request to serve; count is how many requests it has received.
func newFrames(t *testing.T, serve func(f *frames, stream uint32)) (url string, count *atomic.Int64) {
	t.Helper()
	count = &atomic.Int64{}
	connections := &atomic.Int64{}
	server := newWire(t, func(_ *wire, conn *net.TCPConn, reader *bufio.Reader) {
		f := &frames{TCPConn: conn, number: int(connections.Add(1))}
		if _, err := reader.Discard(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")); err != nil {
			return
		}
		f.frame(frameSettings, 0, 0, nil)
		var head [9]byte
		for {
			if _, err := io.ReadFull(reader, head[:]); err != nil {
				return
			}
			if _, err := reader.Discard(int(binary.BigEndian.Uint32(head[:]) >> 8)); err != nil {
				return
			}
			if head[3] == frameHeaders {
				count.Add(1)
				serve(f, binary.BigEndian.Uint32(head[5:]))
			}
		}
	})
	return server.url, count
}

func (f *frames) frame(kind, flags byte, stream uint32, payload []byte) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	head = binary.BigEndian.AppendUint32(append(head, flags), stream)
	_, _ = f.Write(append(head, payload...))
}

// begin sends the head of an answer of the app: ":status 200" from the static table, and two literals.
func (f *frames) begin(stream uint32) {
	f.frame(frameHeaders, endHeaders, stream, []byte("\x88\x00\x09x-version\x02v1\x00\x05x-pod\x02p1"))
}

func (f *frames) answer(stream uint32) {
	f.begin(stream)
	f.frame(frameData, endStream, stream, []byte("good"))
}

func (f *frames) reset(stream, code uint32) {
	f.frame(frameReset, 0, stream, binary.BigEndian.AppendUint32(nil, code))
}

func (f *frames) goAway(last uint32) {
	f.frame(frameGoAway, 0, 0, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), 0))
}
