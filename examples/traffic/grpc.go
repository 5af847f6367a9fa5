package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// The status codes of gRPC that this program acts on.
const (
	grpcOK          = 0
	grpcUnavailable = 14
)

// asHTTP gives each status of gRPC the HTTP status of the same meaning, so that one report serves all protocols.
var asHTTP = []int{200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401}

// errNoStatus is an answer that ends in order, but without the status that every call of gRPC ends with.
var errNoStatus = lossError{"no-status", "the call ends without a grpc-status"}

// sendCall performs one unary call. Every status that carries X-Version is an answer of the app, UNAVAILABLE too; a status
// without it was made up by a gateway.
func (c *Client) sendCall(i int, report func(Outcome)) {
	outcome := c.begin()
	ctx, cancel := context.WithDeadline(context.Background(), outcome.Began.Add(c.load.Timeout))
	defer cancel()
	began, at, err := c.ask(ctx, i, &outcome, func() *http.Request { return c.load.call(ctx) })
	if err != nil {
		report(outcome.failed(at, err))
		return
	}
	defer began.close()
	outcome.head(began.Response)
	_, err = io.Copy(io.Discard, began.Body)
	if err != nil {
		report(outcome.failed(reading, err))
		return
	}
	report(outcome.called(began.Response))
}

// called judges a call whose answer has ended in order.
func (o Outcome) called(response *http.Response) Outcome {
	status, version, found := grpcStatus(response)
	o.Version = version
	switch {
	case response.StatusCode != http.StatusOK && version != "":
		return o.answered()
	case response.StatusCode != http.StatusOK:
		return o.foreign()
	case !found:
		return o.failed(reading, errNoStatus)
	case version == "":
		return o.failed(reading, foreignStatus(status, response))
	}
	o.Status = httpStatus(status)
	return o.answered()
}

func httpStatus(status int) int {
	if status < len(asHTTP) {
		return asHTTP[status]
	}
	return http.StatusInternalServerError
}

// grpcStatus is the status in the trailers, or in the head of an answer that consists of nothing else, and the version that
// the same part of the answer names.
func grpcStatus(response *http.Response) (status int, version string, found bool) {
	part := response.Trailer
	if part.Get("Grpc-Status") == "" {
		part = response.Header
	}
	status, err := strconv.Atoi(part.Get("Grpc-Status"))
	if version = part.Get(appHeader); version == "" && err == nil && status == grpcOK {
		version = response.Header.Get(appHeader) // not every library puts more than the status into its trailers
	}
	return status, version, err == nil && status >= 0
}

// foreignStatus is a status that the app did not give.
func foreignStatus(status int, response *http.Response) error {
	return lossError{fmt.Sprintf("foreign-grpc-%d", status), fmt.Sprintf("grpc-status %d without %s: %s", status, appHeader, grpcText(response))}
}

func grpcText(response *http.Response) string {
	text := response.Trailer.Get("Grpc-Message") + response.Header.Get("Grpc-Message")
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

// call is a request with one message: shop.v1.Ask, which holds the ?sleep= of -url.
func (l *Load) call(ctx context.Context) *http.Request {
	var ask []byte
	if sleep, err := time.ParseDuration(l.URL.Query().Get("sleep")); err == nil {
		ask = binary.AppendUvarint([]byte{1 << 3}, uint64(sleep.Milliseconds()))
	}
	framed := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(ask))), ask...)
	request := l.over2(ctx, http.MethodPost, bytes.NewReader(framed))
	request.GetBody = nil
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("Te", "trailers")
	request.URL.RawQuery = ""
	return request
}

// readMessage reads one message of an answer.
func readMessage(body io.Reader) ([]byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(body, head[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[1:])
	if head[0] != 0 || length > 1<<20 {
		return nil, fmt.Errorf("malformed message of %d bytes, compression %d", length, head[0])
	}
	message := make([]byte, length)
	_, err := io.ReadFull(body, message)
	return message, err
}
