package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// dialLimit ends a dialling nobody waits for any more.
const dialLimit = 30 * time.Second

// call is a request on an HTTP/2 connection whose answer has begun.
type call struct {
	*http.Response
	channel *channel
}

func (c *call) close() {
	_ = c.Body.Close()
	c.channel.leave()
}

// sendMultiplexed performs one GET over HTTP/2.
func (c *Client) sendMultiplexed(i int, report func(Outcome)) {
	outcome := c.begin()
	ctx, cancel := context.WithDeadline(context.Background(), outcome.Began.Add(c.load.Timeout))
	defer cancel()
	began, at, err := c.ask(ctx, i, &outcome, func() *http.Request { return c.load.over2(ctx, http.MethodGet, nil) })
	if err != nil {
		report(outcome.failed(at, err))
		return
	}
	defer began.close()
	outcome.head(began.Response)
	_, err = io.Copy(io.Discard, began.Body)
	switch {
	case err != nil:
		report(outcome.failed(reading, err))
	case outcome.Version == "":
		report(outcome.foreign())
	default:
		report(outcome.answered())
	}
}

// ask sends a request over one of the connections until its answer begins; an error comes with the phase it happened in.
//
// A server that leaves says on the connection which requests it has not begun and never will (GOAWAY), or says it of a
// single one (REFUSED_STREAM). RFC 9113, section 8.7, lets every client send those again, also a POST, and every client
// does: so do we, on another connection, and count it as retried. Whatever else breaks a request has lost it.
func (c *Client) ask(ctx context.Context, i int, outcome *Outcome, build func() *http.Request) (*call, phase, error) {
	for tries := 1; ; tries++ {
		channel, err := c.multiplex.take(ctx, i)
		if err != nil {
			return nil, dialling, err
		}
		outcome.Address, outcome.Reused = channel.address, channel.used.Swap(true)
		response, err := channel.RoundTrip(build())
		if err == nil {
			return &call{response, channel}, reading, nil
		}
		channel.leave()
		if tries == most || !neverSent(err) && !neverBegun(err) {
			return nil, asking, cause(ctx, err)
		}
		if neverBegun(err) {
			c.record.note(func(counts *Counts) { counts.Retried++ })
		}
	}
}

// cause is why ctx has ended, if it has; else err.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// over2 is a request for HTTP/2, which has neither "Connection" nor a choice about it.
func (l *Load) over2(ctx context.Context, method string, body io.Reader) *http.Request {
	request, err := http.NewRequestWithContext(ctx, method, l.URL.String(), body)
	if err != nil {
		panic(err) // the URL has been parsed before
	}
	request.Host = l.Host
	request.Header = l.Headers.Clone()
	return request
}

func (o *Outcome) head(response *http.Response) {
	o.Status, o.Version, o.Pod = response.StatusCode, response.Header.Get(appHeader), response.Header.Get("X-Pod")
}

// streamError has the shape of golang.org/x/net/http2.StreamError, which the errors of net/http convert themselves to.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (streamError) Error() string { return "stream error" }

const refusedStream = 7

// net/http has no names for these errors; the tests provoke each of them.
const (
	textNotUsable  = "http2: client conn not usable"
	textNeverUsed  = "http2: client conn could not be established"
	textGoneAway   = "http2: Transport received Server's graceful shutdown GOAWAY"
	textEndedAfter = "http2: server sent GOAWAY and closed the connection"
)

// neverSent is true for a connection that was found closed, or closed to requests, before the request: not even a retry.
func neverSent(err error) bool {
	return strings.Contains(err.Error(), textNotUsable)
}

// neverBegun is true if the server has said that it will not process the request.
func neverBegun(err error) bool {
	var reset streamError
	return strings.Contains(err.Error(), textGoneAway) || errors.As(err, &reset) && reset.Code == refusedStream
}

// onHTTP2 names the losses that only this protocol has.
func onHTTP2(err error) string {
	var reset streamError
	switch {
	case neverBegun(err), neverSent(err), errors.Is(err, errNoChannel):
		return "refused-stream"
	case strings.Contains(err.Error(), textNeverUsed):
		return "closed"
	case strings.Contains(err.Error(), textEndedAfter):
		return "goaway"
	case errors.As(err, &reset):
		return "stream-reset"
	}
	return ""
}
