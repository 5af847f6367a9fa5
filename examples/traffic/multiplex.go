package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// multiplex keeps a few HTTP/2 connections and uses them in turn. net/http makes the connections, but neither its pool nor
// its retries are used: http.ClientConn performs a request on this one connection or fails.
type multiplex struct {
	places []*place
	dials  *atomic.Int64
	target string
}

// place holds one connection after the other; requests that come while it dials share the result, as in every client.
type place struct {
	mutex   sync.Mutex
	current *channel
	dialled *dialled
}

type dialled struct {
	done    chan struct{}
	channel *channel
	err     error
}

// channel is one HTTP/2 connection.
type channel struct {
	*http.ClientConn
	address string
	used    atomic.Bool
	mutex   sync.Mutex
	users   int
	retired bool // it takes no further request, as the server has said or since it is closed
}

// most is how often one request looks for a connection: each time it has one, the server says at once that it takes no more.
const most = 6

var errNoChannel = errors.New("every new connection takes no request")

func newMultiplex(load Load, dials *atomic.Int64) *multiplex {
	m := &multiplex{dials: dials, target: load.target()}
	for range load.Pool {
		m.places = append(m.places, &place{})
	}
	return m
}

// take gives a connection that has reserved room for one request; the caller leaves it after its use.
func (m *multiplex) take(ctx context.Context, i int) (*channel, error) {
	p := m.places[i%len(m.places)]
	for range most {
		found, pending := m.look(p)
		if found != nil {
			return found, nil
		}
		select {
		case <-pending.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if pending.err != nil {
			return nil, pending.err
		}
	}
	return nil, errNoChannel
}

// look returns the place's connection, or the dialling that will bring one.
func (m *multiplex) look(p *place) (*channel, *dialled) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.current != nil && p.current.join() {
		return p.current, nil
	}
	if p.dialled == nil {
		p.dialled = &dialled{done: make(chan struct{})}
		go m.fill(p, p.dialled)
	}
	return nil, p.dialled
}

func (m *multiplex) fill(p *place, pending *dialled) {
	pending.channel, pending.err = m.dial()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if pending.err == nil {
		p.current = pending.channel
	}
	p.dialled = nil
	close(pending.done)
}

// dial opens a connection for whoever waits for it, until the last of them has given up.
func (m *multiplex) dial() (*channel, error) {
	m.dials.Add(1)
	opened := &channel{}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols, DisableCompression: true}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		raw, err := (&net.Dialer{Timeout: dialLimit, KeepAlive: -1}).DialContext(ctx, network, address)
		if err == nil {
			opened.address = raw.RemoteAddr().String()
		}
		return raw, err
	}
	var err error
	opened.ClientConn, err = transport.NewClientConn(context.Background(), "http", m.target)
	return opened, err
}

// join reserves room for one request, or says that the connection takes no more.
func (c *channel) join() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.retired && c.Reserve() == nil {
		c.users++
		return true
	}
	c.retired = true
	c.closeUnused()
	return false
}

// leave is called once for every join, after the answer was read.
func (c *channel) leave() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.users--
	c.closeUnused()
}

func (c *channel) closeUnused() {
	if c.retired && c.users == 0 {
		_ = c.Close()
	}
}
