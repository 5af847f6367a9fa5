package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What is spoken, and what one request of it is.
const (
	protocolHTTP1  = "http1"       // a GET
	protocolHTTP2  = "http2"       // a GET on a connection that carries many
	protocolGRPC   = "grpc"        // a unary call
	protocolUpload = "upload"      // a POST whose body takes its time
	protocolEvents = "sse"         // a stream of server-sent events that is held for a while
	protocolSocket = "websocket"   // a WebSocket that is held for a while
	protocolWatch  = "grpc-stream" // a server stream that is held for a while
)

var protocols = []string{
	protocolHTTP1, protocolHTTP2, protocolGRPC, protocolUpload, protocolEvents, protocolSocket, protocolWatch,
}

// usualPaths are those of the shop, taken if -url names none.
var usualPaths = map[string]string{
	protocolGRPC:   "/shop.v1.Shop/Get",
	protocolUpload: "/upload",
	protocolEvents: "/events",
	protocolSocket: "/socket",
	protocolWatch:  "/shop.v1.Shop/Watch",
}

// Persistent connections, unless -pool says another number. Those of HTTP/2 are few as in every client: they carry many
// requests each, and so each of them that is cut costs many.
const (
	usualPool       = 50
	multiplexedPool = 4
)

func (l *Load) protocolFlags(flags *flag.FlagSet) {
	flags.StringVar(&l.Protocol, "protocol", protocolHTTP1, strings.Join(protocols, ", "))
	flags.IntVar(&l.UploadBytes, "upload-bytes", 10<<20, "the size of an upload")
	flags.DurationVar(&l.UploadOver, "upload-over", 20*time.Second, "how long sending an upload takes")
	flags.DurationVar(&l.Length, "length", 20*time.Second, "how long a stream is held")
	flags.DurationVar(&l.Silence, "silence", 5*time.Second, "a stream that says nothing for this long is lost")
}

// setPool takes the protocol's number of connections where none is given.
func (l *Load) setPool(flags *flag.FlagSet) {
	given := false
	flags.Visit(func(set *flag.Flag) { given = given || set.Name == "pool" })
	switch {
	case given:
	case l.Protocol == protocolHTTP2 || l.Protocol == protocolGRPC || l.Protocol == protocolWatch:
		l.Pool = multiplexedPool
	default:
		l.Pool = usualPool
	}
}

func (l *Load) checkProtocol() error {
	switch {
	case !slices.Contains(protocols, l.Protocol):
		return fmt.Errorf("-protocol is %q: give one of %s.", l.Protocol, strings.Join(protocols, ", "))
	case l.UploadBytes < 1 || l.UploadBytes > 1<<30:
		return fmt.Errorf("-upload-bytes is %d: give a size from 1 to 1073741824.", l.UploadBytes)
	case l.UploadOver < 0:
		return fmt.Errorf("-upload-over is %s: give a duration such as 20s, or 0 for as fast as possible.", l.UploadOver)
	case l.Protocol == protocolUpload && l.Timeout <= l.UploadOver:
		return fmt.Errorf("-timeout is %s, but an upload takes %s: give a longer -timeout, for example %s.",
			l.Timeout, l.UploadOver, l.UploadOver+20*time.Second)
	case l.Length <= 0:
		return fmt.Errorf("-length is %s: give a duration above 0, for example 20s.", l.Length)
	case l.Silence <= 0:
		return fmt.Errorf("-silence is %s: give a duration above 0, for example 5s.", l.Silence)
	}
	return nil
}
