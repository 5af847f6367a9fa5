package main

import "sync"

// pool keeps persistent connections and hands them out in turn, so that all of them are in use at any rate. When all are
// busy, requests go over connections beyond the pool, which are not kept: an open loop waits for nobody.
type pool struct {
	mutex sync.Mutex
	size  int
	taken int // places given out, to idle and busy connections
	idle  []*connection
}

func newPool(size int) *pool {
	return &pool{size: size}
}

// take returns an idle connection, or none; slot says whether a newly dialled one has a place in the pool.
func (p *pool) take() (kept *connection, slot bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for p.taken == p.size && len(p.idle) > 0 {
		first := p.idle[0]
		p.idle = p.idle[1:]
		if first.open() {
			return first, true
		}
		_ = first.Close()
		p.taken--
	}
	if p.taken == p.size {
		return nil, false
	}
	p.taken++
	return nil, true
}

func (p *pool) give(c *connection) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.idle = append(p.idle, c)
}

// release frees the place of a connection that is gone.
func (p *pool) release(slot bool) {
	if !slot {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.taken--
}
