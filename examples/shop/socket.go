package main

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// webSocketSalt is fixed by RFC 6455, section 1.3.
	webSocketSalt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	// socketPatience limits a write, and the wait for the client's answer to our close.
	socketPatience = 5 * time.Second
)

// socket is a WebSocket that sends a tick at once and in every further tick, and echoes every message. On leaving it closes
// with 1001, "going away", waits for the client's close and then ends the connection.
func (s *Shop) socket(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Sec-WebSocket-Key")
	if r.ProtoMajor != 1 || !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") ||
		r.Header.Get("Sec-WebSocket-Version") != "13" || key == "" {
		w.Header().Set("Sec-WebSocket-Version", "13")
		s.answer(w, r, http.StatusUpgradeRequired, "This path speaks WebSocket: connect with version 13 over HTTP/1.1.\n")
		return
	}
	code, text := s.admit(r, http.StatusSwitchingProtocols)
	if code != http.StatusSwitchingProtocols {
		s.answer(w, r, code, text+"\n")
		return
	}
	told := s.streams.begin(kindSocket)
	s.streams.end(told, s.talk(w, key, told))
}

// talk takes the connection over and returns who has ended it.
func (s *Shop) talk(w http.ResponseWriter, key string, told *stream) (how string) {
	raw, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return endClient
	}
	defer raw.Close()
	open := &socket{conn: raw, reader: buffered.Reader}
	if open.write(s.handshake(key)) != nil {
		return endClient
	}
	heard, stop := context.WithCancel(context.Background())
	go func() {
		defer stop()
		open.listen()
	}()
	how = s.tell(heard, told, func(n int) error { return open.send(opText, []byte(s.tick(n))) })
	if how == endLeaving {
		how = open.sayGoingAway(heard)
	}
	return how
}

func (s *Shop) handshake(key string) []byte {
	accept := sha1.Sum([]byte(key + webSocketSalt))
	return fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\nX-Version: %s\r\nX-Pod: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(accept[:]), s.settings.Version, s.settings.Pod)
}

// socket is the server's end of a WebSocket.
type socket struct {
	conn   net.Conn
	reader *bufio.Reader
	mutex  sync.Mutex // of writing
	closed bool       // our close is sent: nothing may follow it
}

// listen answers what the client sends, until either side has closed.
func (s *socket) listen() {
	for {
		got, err := readFrame(s.reader)
		switch {
		case err != nil:
			_ = s.send(opClose, closing(closeProtocolError, ""))
			return
		case got.opcode == opClose:
			_ = s.send(opClose, got.payload)
			return
		case got.opcode == opPing:
			err = s.send(opPong, got.payload)
		case got.opcode == opPong:
		case !got.last || got.opcode == opContinuation:
			err = s.send(opClose, closing(closeUnsupported, "messages in several frames are not taken"))
		default:
			err = s.send(got.opcode, got.payload)
		}
		if err != nil {
			return
		}
	}
}

// sayGoingAway sends the close 1001 and gives the client the time to answer it.
func (s *socket) sayGoingAway(heard context.Context) (how string) {
	if s.send(opClose, closing(closeGoingAway, "the shop leaves")) != nil {
		return endClient
	}
	select {
	case <-heard.Done():
	case <-time.After(socketPatience):
	}
	return endLeaving
}

func (s *socket) send(opcode byte, payload []byte) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed {
		return nil
	}
	s.closed = opcode == opClose
	return s.write(frameBytes(opcode, payload))
}

func (s *socket) write(bytes []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(socketPatience)); err != nil {
		return err
	}
	_, err := s.conn.Write(bytes)
	return err
}
