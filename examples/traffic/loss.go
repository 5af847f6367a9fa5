package main

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// raceWindow separates the two ways a kept connection can break before the answer. A server that closes an idle connection
// while a request is on its way shows within one round trip; after this time it must have had the request.
const raceWindow = time.Second

// lossError is a loss that is no error of the connection.
type lossError struct{ kind, text string }

func (e lossError) Error() string { return e.text }

// lossKind names how a request was lost. `foreign-STATUS`, an answer the app did not give, is named by its status instead.
func lossKind(at phase, reused bool, waited time.Duration, err error) string {
	var dns *net.DNSError
	var named lossError
	switch {
	case errors.As(err, &named):
		return named.kind
	case errors.As(err, &dns):
		return "dns"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "unreachable"
	case timedOut(err) && at == dialling:
		return "connect-timeout"
	case timedOut(err):
		return "timeout"
	case onHTTP2(err) != "":
		return onHTTP2(err)
	case at == asking && reused && waited < raceWindow && brokenOff(err):
		return "idle-close"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return endedAt(at)
	case at == reading:
		return "malformed"
	}
	return "other"
}

func endedAt(at phase) string {
	if at == reading {
		return "truncated"
	}
	return "closed"
}

func timedOut(err error) bool {
	var network net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}

func brokenOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// shortage names what this machine has run out of, or nothing.
func shortage(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "no-port"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "no-file"
	case errors.Is(err, syscall.ENOBUFS), errors.Is(err, syscall.ENOMEM):
		return "no-memory"
	}
	return ""
}
