package main

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"time"
)

// errUnannounced is a stream that ends in order although the app has not said that it ends it.
var errUnannounced = lossError{"unannounced", "the stream ends without an announcement"}

// events is a stream of server-sent events on a connection of its own.
type events struct {
	connection *connection
	body       *bufio.Reader
	bye        bool
}

// openEvents asks for the stream; its announced end is the event "bye" and then the end of the answer.
func (c *Client) openEvents(_ int, deadline time.Time, outcome *Outcome) (stream, phase, error) {
	request := c.load.get(true, http.Header{"Accept": {"text/event-stream"}, "Cache-Control": {"no-cache"}})
	opened, at, err := c.openOwn(request, deadline, outcome)
	switch {
	case err != nil:
		return nil, at, err
	case opened.status != http.StatusOK || opened.version == "" || opened.content != "text/event-stream":
		return nil, reading, opened.decline()
	}
	return &events{connection: opened.connection, body: bufio.NewReader(opened.body)}, reading, nil
}

// own is a connection of a stream's own, and the answer that has begun on it.
type own struct {
	*connection
	answer
	body io.Reader
}

// openOwn sends the request over a connection of its own and reads the head of the answer, for which the deadline is; from
// then on there is none. Without an error the caller closes the connection.
func (c *Client) openOwn(request []byte, deadline time.Time, outcome *Outcome) (own, phase, error) {
	connection, err := c.connect(false, deadline)
	if err != nil {
		return own{}, dialling, err
	}
	outcome.Address = connection.RemoteAddr().String()
	got, body, at, err := connection.ask(request, deadline)
	if err != nil {
		_ = connection.Close()
		return own{}, at, err
	}
	outcome.Status, outcome.Version, outcome.Pod = got.status, got.version, got.pod
	return own{connection, got, body}, reading, connection.SetDeadline(time.Time{})
}

// errNoStream is a success of the app that is no stream.
var errNoStream = lossError{"no-stream", "the app answers something else than a stream"}

// decline ends an answer that is no stream. An error of the app is an answer like any other.
func (o own) decline() error {
	_ = o.Close()
	if o.version != "" && o.status < http.StatusBadRequest {
		return errNoStream
	}
	return nil
}

// next reads one event, which ends with an empty line.
func (e *events) next() message {
	for {
		line, err := e.body.ReadString('\n')
		switch line = strings.TrimRight(line, "\r\n"); {
		case err == io.EOF && e.bye:
			return message{last: true}
		case err == io.EOF:
			return message{at: reading, err: errUnannounced}
		case err != nil:
			return message{at: reading, err: err}
		case line == "event: bye":
			e.bye = true
		case line == "" && !e.bye:
			return message{}
		}
	}
}

func (e *events) close() {
	_ = e.connection.Close()
}
