package main

import (
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

// appHeader is on every answer of the app and on no other: not on a 503 that a gateway makes up.
const appHeader = "X-Version"

// Outcome is what became of one request.
type Outcome struct {
	Began   time.Time
	Took    time.Duration
	Address string
	Reused  bool // the connection had carried a request before
	Status  int
	Version string
	Pod     string
	// Migrated says that it is a stream which was opened again after an announced end.
	Migrated bool
	Loss     string // the kind of loss; empty for an answer of the app
	Unsent   string // why this machine could not send it; it is neither answered nor lost then
	Err      error
}

// Client sends single requests. It is no http.Client: http.Transport sends a request again when a kept connection breaks,
// and each such retry would hide a lost request.
type Client struct {
	load      Load
	way       func(i int, report func(Outcome))
	record    *Record         // of what happens before a request has its outcome
	stopping  <-chan struct{} // streams end early when it is closed
	pool      *pool
	multiplex *multiplex
	payload   payload
	dials     atomic.Int64
}

func newClient(load Load) *Client {
	c := &Client{load: load, record: newRecord(time.Now()), pool: newPool(load.Pool)}
	if load.Protocol == protocolUpload {
		c.payload = newPayload(load.UploadBytes)
	}
	c.multiplex = newMultiplex(load, &c.dials)
	c.way = map[string]func(int, func(Outcome)){
		protocolHTTP1:  c.sendPlain(load.request),
		protocolHTTP2:  c.sendMultiplexed,
		protocolGRPC:   c.sendCall,
		protocolUpload: c.sendPlain(c.uploading),
		protocolEvents: c.hold(c.openEvents),
		protocolSocket: c.hold(c.openSocket),
		protocolWatch:  c.hold(c.openWatch),
	}[load.Protocol]
	return c
}

// send performs request number i and reports its outcome exactly once.
func (c *Client) send(i int, report func(Outcome)) {
	c.way(i, report)
}

func (c *Client) begin() Outcome {
	return Outcome{Began: time.Now(), Address: c.load.target()}
}

// exchange sends one request over a connection and reads its whole answer. An error comes with the phase it happened in; the
// answer's head is given as far as it was read.
type exchange func(c *connection, deadline time.Time) (answer, phase, error)

// sendPlain sends over HTTP/1.1, one request at a time on a connection.
func (c *Client) sendPlain(prepare func(persistent bool) exchange) func(int, func(Outcome)) {
	closing, persistent := prepare(false), prepare(true)
	return func(i int, report func(Outcome)) {
		if c.load.Connections == keepConnections || c.load.Connections == mixConnections && i%2 == 1 {
			c.perform(persistent, true, report)
		} else {
			c.perform(closing, false, report)
		}
	}
}

func (c *Client) perform(exchange exchange, persistent bool, report func(Outcome)) {
	outcome := c.begin()
	deadline := outcome.Began.Add(c.load.Timeout)
	connection, err := c.connect(persistent, deadline)
	if err != nil {
		report(outcome.failed(dialling, err))
		return
	}
	outcome.Address, outcome.Reused = connection.RemoteAddr().String(), connection.used
	answer, phase, err := exchange(connection, deadline)
	outcome.Status, outcome.Version, outcome.Pod = answer.status, answer.version, answer.pod
	switch {
	case err != nil:
		report(outcome.failed(phase, err))
	case answer.version == "":
		report(outcome.foreign())
	default:
		report(outcome.answered())
	}
	c.leave(connection, err == nil, answer.closes)
}

// connect takes a kept connection, or dials.
func (c *Client) connect(persistent bool, deadline time.Time) (*connection, error) {
	var slot bool
	if persistent {
		var kept *connection
		if kept, slot = c.pool.take(); kept != nil {
			return kept, nil
		}
	}
	c.dials.Add(1)
	dialer := net.Dialer{Deadline: deadline, KeepAlive: -1}
	raw, err := dialer.Dial("tcp", c.load.target())
	if err != nil {
		c.pool.release(slot)
		return nil, err
	}
	return newConnection(raw, slot), nil
}

// leave keeps the connection if both sides may use it again.
func (c *Client) leave(connection *connection, whole, closes bool) {
	switch {
	case whole && !closes && connection.slot:
		c.pool.give(connection)
		return
	case whole && closes:
		connection.awaitEnd()
	}
	_ = connection.Close()
	c.pool.release(connection.slot)
}

func (o Outcome) answered() Outcome {
	o.Took = time.Since(o.Began)
	return o
}

func (o Outcome) foreign() Outcome {
	o = o.answered()
	o.Loss = fmt.Sprintf("foreign-%d", o.Status)
	o.Err = fmt.Errorf("status %d without %s", o.Status, appHeader)
	return o
}

func (o Outcome) failed(phase phase, err error) Outcome {
	o = o.answered()
	o.Err = err
	if o.Unsent = shortage(err); o.Unsent == "" {
		o.Loss = lossKind(phase, o.Reused, o.Took, err)
	}
	return o
}
