package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// watch is a server stream of gRPC on a connection that it shares.
type watch struct {
	*call
	cancel context.CancelCauseFunc
	said   bool // a message has come
}

var errClosed = errors.New("the stream is closed by this side")

// openWatch calls the method; its announced end is UNAVAILABLE or OK in trailers with X-Version.
func (c *Client) openWatch(i int, deadline time.Time, outcome *Outcome) (stream, phase, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	limit := time.AfterFunc(time.Until(deadline), func() { cancel(os.ErrDeadlineExceeded) })
	defer limit.Stop()
	began, at, err := c.ask(ctx, i, outcome, func() *http.Request { return c.load.call(ctx) })
	if err != nil {
		cancel(errClosed)
		return nil, at, err
	}
	outcome.head(began.Response)
	opened := &watch{call: began, cancel: cancel}
	if began.StatusCode != http.StatusOK || outcome.Version == "" || began.Header.Get("Grpc-Status") != "" {
		return nil, reading, opened.refused(outcome)
	}
	return opened, reading, nil
}

// refused reads what the app, or a gateway, has answered instead of a stream.
func (w *watch) refused(outcome *Outcome) error {
	defer w.close()
	if _, err := io.Copy(io.Discard, w.Body); err != nil {
		return err
	}
	took := outcome.Took
	*outcome = outcome.called(w.Response)
	outcome.Took = took
	return outcome.Err
}

func (w *watch) next() message {
	_, err := readMessage(w.Body)
	if err != io.EOF {
		w.said = true
		return message{at: reading, err: err}
	}
	status, version, found := grpcStatus(w.Response)
	switch {
	case !found:
		return message{at: reading, err: errNoStatus}
	case version == "":
		return message{at: reading, err: foreignStatus(status, w.Response)}
	case status != grpcOK && status != grpcUnavailable && !w.said:
		return message{at: reading, err: refusal(httpStatus(status))}
	case status != grpcOK && status != grpcUnavailable:
		return message{at: reading, err: lossError{fmt.Sprintf("grpc-%d", status), grpcText(w.Response)}}
	}
	return message{last: true}
}

func (w *watch) close() {
	w.cancel(errClosed)
	w.call.close()
}
