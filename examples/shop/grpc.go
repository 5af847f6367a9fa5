package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The status codes of gRPC that the shop gives.
const (
	grpcOK              = 0
	grpcInvalidArgument = 3
	grpcExhausted       = 8
	grpcUnimplemented   = 12
	grpcInternal        = 13
	grpcUnavailable     = 14
)

// longestMessage is what a request may weigh; those of shop.proto weigh at most 6 bytes.
const longestMessage = 1 << 16

// grpcError is a status with the sentence that goes with it.
type grpcError struct {
	status int
	text   string
}

// grpc turns a method into a handler: it reads the one request message, calls the method, which writes its messages, and
// ends the call with the status that the method returns. gRPC is HTTP/2 with messages behind a header of five bytes
// (compressed or not, length) and the status in the trailers; for three methods that needs no library.
func (s *Shop) grpc(method func(w http.ResponseWriter, r *http.Request, request []byte) grpcError) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor < 2 || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			s.answer(w, r, http.StatusUnsupportedMediaType, "This path speaks gRPC: call it over HTTP/2 with application/grpc.\n")
			return
		}
		w.Header().Set("Content-Type", "application/grpc")
		request, fault := readMessage(r.Body)
		if fault.status == grpcOK {
			fault = method(w, r, request)
		}
		s.mark(w, r)
		w.Header().Set(http.TrailerPrefix+"X-Version", s.settings.Version)
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", strconv.Itoa(fault.status))
		w.Header().Set(http.TrailerPrefix+"Grpc-Message", url.PathEscape(fault.text))
	}
}

func readMessage(body io.Reader) ([]byte, grpcError) {
	var head [5]byte
	if _, err := io.ReadFull(body, head[:]); err != nil {
		return nil, grpcError{grpcInternal, "The request's message ends early."}
	}
	if head[0] != 0 {
		return nil, grpcError{grpcUnimplemented, "The message is compressed: send it as it is."}
	}
	length := binary.BigEndian.Uint32(head[1:])
	if length > longestMessage {
		return nil, grpcError{grpcExhausted, fmt.Sprintf("The message has %d bytes: send at most %d.", length, longestMessage)}
	}
	message := make([]byte, length)
	if _, err := io.ReadFull(body, message); err != nil {
		return nil, grpcError{grpcInternal, "The request's message ends early."}
	}
	return message, grpcError{}
}

// writeMessage sends one message at once.
func writeMessage(w http.ResponseWriter, message []byte) error {
	framed := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	if _, err := w.Write(append(framed, message...)); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

// get is the work as a gRPC method.
func (s *Shop) get(w http.ResponseWriter, r *http.Request, request []byte) grpcError {
	began := time.Now()
	s.counters.begin()
	defer s.counters.end()
	code, text := http.StatusBadRequest, ""
	length, err := s.asked(request)
	if err == nil {
		code, text = s.toil(r, length)
	} else {
		text = err.Error()
	}
	s.settle(code, began)
	switch code {
	case http.StatusOK:
		s.mark(w, r)
		_ = writeMessage(w, s.reply(0)) // a client that has left is counted, there is nobody to tell
		return grpcError{}
	case http.StatusBadRequest:
		return grpcError{grpcInvalidArgument, text}
	}
	return grpcError{grpcInternal, text}
}

// asked is how long the request wants the work to take: Ask.sleep_ms, the only field of the message.
func (s *Shop) asked(request []byte) (time.Duration, error) {
	if len(request) == 0 {
		return s.lengthOf("")
	}
	sleep, read := binary.Uvarint(request[1:])
	if request[0] != 1<<3 || read <= 0 || read != len(request)-1 || sleep > uint64(time.Hour/time.Millisecond) {
		return 0, errors.New("The message is no shop.v1.Ask: give sleep_ms from 0 to 3600000, or nothing.")
	}
	return s.lengthOf(fmt.Sprintf("%dms", sleep))
}

// reply is a shop.v1.Reply: version, pod and the number of the message in its stream.
func (s *Shop) reply(n int) []byte {
	message := appendText(nil, 1, s.settings.Version)
	message = appendText(message, 2, s.settings.Pod)
	if n == 0 {
		return message
	}
	return binary.AppendUvarint(append(message, 3<<3), uint64(n))
}

func appendText(message []byte, field byte, text string) []byte {
	message = binary.AppendUvarint(append(message, field<<3|2), uint64(len(text)))
	return append(message, text...)
}

// watch is a stream of replies. On leaving it ends as unavailable, after the connection has been told to take no more, so
// that every client library opens the next stream on another connection.
func (s *Shop) watch(w http.ResponseWriter, r *http.Request, _ []byte) grpcError {
	if code, text := s.admit(r, http.StatusOK); code != http.StatusOK {
		return grpcError{grpcInternal, text}
	}
	told := s.streams.begin(kindWatch)
	s.mark(w, r)
	how := s.tell(r.Context(), told, func(n int) error { return writeMessage(w, s.reply(n)) })
	if how == endLeaving {
		connOf(r).sayFarewell()
	}
	s.streams.end(told, how)
	return grpcError{grpcUnavailable, "The shop leaves: connect again."}
}

// check is grpc.health.v1: serving, also while draining, for the reason that /readyz has.
func (s *Shop) check(w http.ResponseWriter, r *http.Request, _ []byte) grpcError {
	s.mark(w, r)
	const serving = 1
	_ = writeMessage(w, []byte{1 << 3, serving})
	return grpcError{}
}

func (s *Shop) unknown(_ http.ResponseWriter, r *http.Request, _ []byte) grpcError {
	return grpcError{grpcUnimplemented, fmt.Sprintf("The shop has no method %s.", r.URL.Path)}
}
