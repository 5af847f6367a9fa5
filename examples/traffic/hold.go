package main

import (
	"fmt"
	"time"
)

// message is what a stream brings.
type message struct {
	last bool // the app has announced that it ends the stream, and has ended it
	at   phase
	err  error
}

// stream is an answer that goes on. next blocks; close unblocks it.
type stream interface {
	next() message
	close()
}

// opener opens a stream and fills in the outcome's address, status, version and pod. Without a stream and an error the app
// has answered something else, which the status tells. The error comes with the phase it happened in.
type opener func(i int, deadline time.Time, outcome *Outcome) (stream, phase, error)

// errSilent is a stream that has stayed open without saying anything.
var errSilent = lossError{"silent", "the stream says nothing any more"}

// refusal is the HTTP status that the app has answered in place of a stream, after its head and before any message.
type refusal int

func (r refusal) Error() string {
	return fmt.Sprintf("the app answers %d in place of a stream", int(r))
}

// pause is the least time between two openings of one stream: a server that ends each at once must not be stormed.
const pause = 100 * time.Millisecond

// hold makes a request out of a stream: opened, held for -length, closed by us. When the app announces its end before that,
// by whatever its protocol has for it, the stream is opened again at once, as browsers and libraries do: it has migrated. An
// end that was not announced, silence, and a new opening that fails have lost it.
//
// It took as long as its first opening. When no more is to be sent, the streams that are still well are closed, as answered.
func (c *Client) hold(open opener) func(int, func(Outcome)) {
	return func(i int, report func(Outcome)) {
		outcome := c.begin()
		end := time.NewTimer(c.load.Length)
		defer end.Stop()
		for deadline := outcome.Began.Add(c.load.Timeout); ; deadline = time.Now().Add(c.load.Timeout) {
			opened := time.Now()
			current, at, err := open(i, deadline, &outcome)
			if outcome.Took == 0 {
				outcome.Took = time.Since(outcome.Began)
			}
			if done := c.outcomeOfOpening(outcome, current, at, err); done != nil {
				report(*done)
				return
			}
			if outcome.Migrated {
				c.record.note(func(counts *Counts) { counts.Migrated++ })
			}
			goesOn, at, err := c.follow(current, outcome.Version, end.C)
			current.close()
			if !goesOn {
				report(outcome.held(at, err))
				return
			}
			outcome.Migrated = true
			time.Sleep(time.Until(opened.Add(pause)))
		}
	}
}

// outcomeOfOpening is nil if a stream is open.
func (c *Client) outcomeOfOpening(o Outcome, current stream, at phase, err error) *Outcome {
	switch {
	case current != nil:
		return nil
	case err != nil:
		o = o.failed(at, err)
	case o.Version == "":
		o = o.foreign()
	}
	return &o
}

// held is the outcome of a stream that was open.
func (o Outcome) held(at phase, err error) Outcome {
	if err == nil {
		return o
	}
	took := o.Took
	if refused, is := err.(refusal); is {
		o.Status = int(refused)
		o = o.answered()
	} else {
		o = o.failed(at, err)
	}
	o.Took = took
	return o
}

// follow listens to a stream until our end, the app's announced end (goesOn) or the error that has lost it.
func (c *Client) follow(current stream, version string, end <-chan time.Time) (goesOn bool, at phase, err error) {
	messages, over := make(chan message), make(chan struct{})
	defer close(over)
	go func() {
		for {
			next := current.next()
			select {
			case messages <- next:
			case <-over:
				return
			}
			if next.last || next.err != nil {
				return
			}
		}
	}()
	silence := time.NewTimer(c.load.Silence)
	defer silence.Stop()
	for {
		select {
		case next := <-messages:
			if next.last || next.err != nil {
				return next.last, next.at, next.err
			}
			silence.Reset(c.load.Silence)
			c.record.note(func(counts *Counts) { counts.Messages[version]++ })
		case <-silence.C:
			return false, reading, errSilent
		case <-end:
			return false, reading, nil
		case <-c.stopping:
			return false, reading, nil
		}
	}
}
