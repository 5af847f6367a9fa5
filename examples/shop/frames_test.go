package main

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
)

// Frames of HTTP/2 by hand: no client library shows which came first.
const (
	frameData     = 0
	frameHeaders  = 1
	frameSettings = 4
	frameGoAway   = 7

	endStream  = 1
	endHeaders = 4
)

// framed is one HTTP/2 connection, used by hand.
type framed struct {
	t *testing.T
	net.Conn
}

// received is a frame of the server.
type received struct {
	kind, flags byte
	stream      uint32
	payload     []byte
}

func connectFramed(t *testing.T, address string) *framed {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	f := &framed{t, conn}
	f.write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	f.send(frameSettings, 0, 0, nil)
	return f
}

func (f *framed) write(bytes []byte) {
	f.t.Helper()
	if _, err := f.Write(bytes); err != nil {
		f.t.Fatal(err)
	}
}

func (f *framed) send(kind, flags byte, stream uint32, payload []byte) {
	f.t.Helper()
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	f.write(append(binary.BigEndian.AppendUint32(append(head, flags), stream), payload...))
}

// post begins a request of the given path and media type, whose body the caller sends.
func (f *framed) post(stream uint32, path, media string) {
	f.t.Helper()
	block := []byte{0x83, 0x86} // :method POST, :scheme http
	for _, field := range [][2]string{{"\x01", "shop"}, {"\x04", path}, {"\x0f\x10", media}} {
		block = append(append(append(block, field[0]...), byte(len(field[1]))), field[1]...)
	}
	f.send(frameHeaders, endHeaders, stream, block)
}

// receive returns the next frame that belongs to a stream or says goodbye.
func (f *framed) receive() received {
	f.t.Helper()
	for {
		var head [9]byte
		if _, err := io.ReadFull(f, head[:]); err != nil {
			f.t.Fatal(err)
		}
		got := received{kind: head[3], flags: head[4], stream: binary.BigEndian.Uint32(head[5:])}
		got.payload = make([]byte, binary.BigEndian.Uint32(head[:])>>8)
		if _, err := io.ReadFull(f, got.payload); err != nil {
			f.t.Fatal(err)
		}
		if got.kind <= frameHeaders || got.kind == frameGoAway {
			return got
		}
	}
}

// expect fails unless the next frames are of these kinds and streams.
func (f *framed) expect(wanted ...received) {
	f.t.Helper()
	for _, want := range wanted {
		if got := f.receive(); got.kind != want.kind || got.stream != want.stream || got.flags&endStream != want.flags {
			f.t.Fatalf("got frame %+v; want %+v", got, want)
		}
	}
}
