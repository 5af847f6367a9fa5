package main

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// webSocketSalt is fixed by RFC 6455, section 1.3.
const webSocketSalt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// What a client of small messages needs of RFC 6455.
const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10

	closeNormal    = 1000
	closeGoingAway = 1001
	closeNoCode    = 1005

	longestFrame = 1 << 20
)

// goodbye is how long we wait for the server's end after a close, as long as for any announced end.
const goodbye = time.Second

// socket is a WebSocket on a connection of its own.
type socket struct {
	connection *connection
	ahead      []message // what came before the echo of the first message
	closed     atomic.Bool
}

// openSocket shakes hands, sends one message and waits for its echo; the announced end is the close 1001, "going away".
func (c *Client) openSocket(i int, deadline time.Time, outcome *Outcome) (stream, phase, error) {
	key := base64.StdEncoding.EncodeToString([]byte(rand.Text()[:16]))
	opened, at, err := c.openOwn(c.load.get(true, http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {key},
	}), deadline, outcome)
	switch {
	case err != nil:
		return nil, at, err
	case opened.status != http.StatusSwitchingProtocols || opened.version == "":
		return nil, reading, opened.decline()
	}
	proof := sha1.Sum([]byte(key + webSocketSalt))
	if opened.accept != base64.StdEncoding.EncodeToString(proof[:]) {
		_ = opened.Close()
		return nil, reading, lossError{"malformed", "the server's Sec-WebSocket-Accept does not belong to our key"}
	}
	greeted := &socket{connection: opened.connection}
	if err := greeted.greet(fmt.Sprintf("hello %d", i), deadline); err != nil {
		_ = opened.Close()
		return nil, reading, err
	}
	return greeted, reading, nil
}

// greet sends a message and reads until its echo, or until the app's announced end, which comes next then.
func (s *socket) greet(text string, deadline time.Time) error {
	if err := s.connection.SetDeadline(deadline); err != nil {
		return err
	}
	if err := s.send(opText, []byte(text)); err != nil {
		return err
	}
	for {
		opcode, payload, err := s.read()
		if err == nil && opcode == opText && string(payload) == text {
			return s.connection.SetDeadline(time.Time{})
		}
		got := s.judge(opcode, payload, err)
		if got.err != nil {
			return got.err
		}
		s.ahead = append(s.ahead, got)
		if got.last {
			return nil
		}
	}
}

func (s *socket) next() message {
	if len(s.ahead) > 0 {
		first := s.ahead[0]
		s.ahead = s.ahead[1:]
		return first
	}
	opcode, payload, err := s.read()
	return s.judge(opcode, payload, err)
}

// judge says what a frame means for the stream, and answers it where that is due.
func (s *socket) judge(opcode byte, payload []byte, err error) message {
	switch {
	case err != nil:
		return message{at: reading, err: err}
	case opcode == opPing:
		return message{at: reading, err: s.send(opPong, payload)}
	case opcode != opClose:
		return message{}
	}
	code := closeNoCode
	if len(payload) >= 2 {
		code = int(binary.BigEndian.Uint16(payload))
	}
	s.sayClose(payload) // the server has said its last word: nothing depends on our answer
	if code != closeGoingAway {
		return message{at: reading, err: lossError{fmt.Sprintf("close-%d", code), fmt.Sprintf("the server closes with %d", code)}}
	}
	s.connection.awaitEnd()
	return message{last: true}
}

// close says goodbye, if it still can, and ends the connection.
func (s *socket) close() {
	_ = s.connection.SetDeadline(time.Now().Add(goodbye))
	s.sayClose(binary.BigEndian.AppendUint16(nil, closeNormal))
	_ = s.connection.Close()
}

// sayClose sends a close, unless we have closed already.
func (s *socket) sayClose(payload []byte) {
	if !s.closed.Swap(true) {
		_ = s.send(opClose, payload)
	}
}

// read reads one frame of the server, which has no mask.
func (s *socket) read() (opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(s.connection.reader, head[:]); err != nil {
		return 0, nil, err
	}
	length := uint64(head[1] & 0x7f)
	var long [8]byte
	switch length {
	case 126:
		_, err = io.ReadFull(s.connection.reader, long[6:])
		length = binary.BigEndian.Uint64(long[:])
	case 127:
		_, err = io.ReadFull(s.connection.reader, long[:])
		length = binary.BigEndian.Uint64(long[:])
	}
	if err == nil && (length > longestFrame || head[1]&0x80 != 0) {
		err = lossError{"malformed", fmt.Sprintf("malformed frame of %d bytes", length)}
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, length)
	_, err = io.ReadFull(s.connection.reader, payload)
	return head[0] & 0x0f, payload, err
}

// send writes one short message with a mask, as clients must.
func (s *socket) send(opcode byte, payload []byte) error {
	framed := []byte{0x80 | opcode, 0x80 | byte(len(payload)), 0, 0, 0, 0} // at most 125 bytes, and a mask that changes none
	_, err := s.connection.Write(append(framed, payload...))
	return err
}
