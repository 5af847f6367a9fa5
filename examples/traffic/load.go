package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Load is what to send, where and how fast.
type Load struct {
	URL            *url.URL
	Host           string
	Headers        http.Header
	Rate           float64 // requests per second
	For            time.Duration
	UntilInputEnds bool
	Protocol       string
	Connections    string
	Pool           int
	UploadBytes    int
	UploadOver     time.Duration
	Length         time.Duration // of a stream
	Silence        time.Duration // after which a stream is lost
	Timeout        time.Duration
	MaxOutstanding int
	MaxLag         time.Duration
}

// The ways to use connections.
const (
	newConnections  = "new"
	keepConnections = "keepalive"
	mixConnections  = "mixed"
)

// parseLoad reads the flags; its error is one sentence for the user, or flag.ErrHelp.
func parseLoad(arguments []string, usage io.Writer) (Load, error) {
	load := Load{Headers: http.Header{"User-Agent": {"gracefulservice-traffic"}}}
	flags := flag.NewFlagSet("traffic", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	address := flags.String("url", "", "where to send, http only; an address costs less than a name")
	flags.StringVar(&load.Host, "host", "", "the Host header, if it is not that of the URL")
	flags.Var(headerFlag{load.Headers}, "header", "a header `name=value` of every request; repeatable")
	flags.Float64Var(&load.Rate, "rate", 50, "requests per second")
	flags.DurationVar(&load.For, "for", 0, "how long; 0 sends until SIGTERM or SIGINT")
	flags.BoolVar(&load.UntilInputEnds, "until-input-ends", false, "also stop when the standard input ends")
	load.protocolFlags(flags)
	flags.StringVar(&load.Connections, "connections", newConnections, "new, keepalive or mixed (every second request); http1 and upload")
	flags.IntVar(&load.Pool, "pool", 0, "persistent connections, used in turn (default 50; 4 with http2, grpc and grpc-stream)")
	flags.DurationVar(&load.Timeout, "timeout", 10*time.Second, "after this an answer is lost; a slower one is only slow")
	flags.IntVar(&load.MaxOutstanding, "max-outstanding", 5000, "beyond this many unanswered requests none is sent")
	flags.DurationVar(&load.MaxLag, "max-lag", time.Second, "a request that is due for longer than this is not sent")
	if err := flags.Parse(arguments); errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(usage)
		flags.PrintDefaults()
		return load, err
	} else if err != nil {
		return load, fmt.Errorf("The flags cannot be read: %w.", err)
	}
	if flags.NArg() > 0 {
		return load, fmt.Errorf("%q is no flag: write -url in front of an address.", flags.Arg(0))
	}
	load.setPool(flags)
	return load, errors.Join(load.setURL(*address), load.check())
}

func (l *Load) setURL(text string) error {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "http" || parsed.Hostname() == "" {
		return fmt.Errorf("-url is %q: give an address with http://, for example http://10.0.0.1:8080/.", text)
	}
	if usual := usualPaths[l.Protocol]; usual != "" && (parsed.Path == "" || parsed.Path == "/") {
		parsed.Path = usual
	}
	l.URL = parsed
	return nil
}

func (l *Load) check() error {
	switch {
	case !(l.Rate > 0 && l.Rate <= 100_000):
		return fmt.Errorf("-rate is %v: give requests per second, above 0 and at most 100000.", l.Rate)
	case l.For < 0:
		return fmt.Errorf("-for is %s: give a duration such as 30s, or 0 for no end.", l.For)
	case l.Timeout <= 0:
		return fmt.Errorf("-timeout is %s: give a duration above 0, for example 10s.", l.Timeout)
	case l.Pool < 1:
		return fmt.Errorf("-pool is %d: give at least 1 connection.", l.Pool)
	case l.MaxLag <= 0:
		return fmt.Errorf("-max-lag is %s: give a duration above 0, for example 1s.", l.MaxLag)
	case l.MaxOutstanding < 1:
		return fmt.Errorf("-max-outstanding is %d: give at least 1 request.", l.MaxOutstanding)
	case l.Connections != newConnections && l.Connections != keepConnections && l.Connections != mixConnections:
		return fmt.Errorf("-connections is %q: give new, keepalive or mixed.", l.Connections)
	}
	return l.checkProtocol()
}

// target is the address to dial.
func (l *Load) target() string {
	port := l.URL.Port()
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(l.URL.Hostname(), port)
}

// request is the exchange of one GET; persistent ones leave the connection open.
func (l *Load) request(persistent bool) exchange {
	return plain(l.get(persistent, nil))
}

// get is the bytes of a GET with further headers.
func (l *Load) get(persistent bool, further http.Header) []byte {
	headers := l.Headers.Clone()
	for name, values := range further {
		headers[name] = values
	}
	request := http.Request{Method: http.MethodGet, URL: l.URL, Host: l.Host, Header: headers, Close: !persistent}
	var text bytes.Buffer
	if err := request.Write(&text); err != nil {
		panic(err) // neither the URL nor a buffer can fail after setURL
	}
	return text.Bytes()
}

// headerFlag is -header, given as often as there are headers.
type headerFlag struct{ headers http.Header }

func (f headerFlag) String() string { return "" }

func (f headerFlag) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	switch {
	case !found || name == "" || strings.ContainsAny(name, " :\t\r\n") || strings.ContainsAny(value, "\r\n"):
		return errors.New("give name=value, for example -header X-Canary=yes")
	case strings.EqualFold(name, "Host"):
		return errors.New("use -host for the Host header")
	}
	f.headers.Add(name, value)
	return nil
}
