package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"time"
)

// errCorrupt is a success that does not name the digest of what was sent.
var errCorrupt = lossError{"corrupt", "the answer does not name the digest of the upload"}

const (
	blockSize   = 1 << 16
	pace        = 50 * time.Millisecond // between two pieces of a body
	longestEcho = 1 << 16
)

// payload is a body of the given size, the same for every upload.
type payload struct {
	block  []byte
	size   int
	digest string
}

func newPayload(size int) payload {
	block := make([]byte, blockSize)
	for i := range block {
		block[i] = byte(i * i >> 7)
	}
	p := payload{block: block, size: size}
	digest := sha256.New()
	_, _ = io.Copy(digest, p.part(0, size))
	p.digest = fmt.Sprintf("%x", digest.Sum(nil))
	return p
}

// part is the bytes from begin to end.
func (p payload) part(begin, end int) io.Reader {
	var blocks []io.Reader
	for begin < end {
		first := begin % blockSize
		last := min(blockSize, first+end-begin)
		blocks = append(blocks, bytes.NewReader(p.block[first:last]))
		begin += last - first
	}
	return io.MultiReader(blocks...)
}

// send writes the whole body, evenly over the given time.
func (p payload) send(to io.Writer, over time.Duration) error {
	pieces := max(1, min(p.size, int(over/pace)))
	began := time.Now()
	for n := range pieces {
		time.Sleep(time.Until(began.Add(over * time.Duration(n+1) / time.Duration(pieces))))
		if _, err := io.Copy(to, p.part(p.size*n/pieces, p.size*(n+1)/pieces)); err != nil {
			return err
		}
	}
	return nil
}

// uploading is the exchange of one POST. The body takes its time; the answer is awaited meanwhile, since a server or a gateway
// may give it early. An upload whose success does not name the right digest is lost.
func (c *Client) uploading(persistent bool) exchange {
	head := c.load.post(persistent, c.payload.size)
	return func(connection *connection, deadline time.Time) (answer, phase, error) {
		if err := connection.begin(deadline); err != nil {
			return answer{}, asking, err
		}
		sent := make(chan error, 1)
		go func() {
			_, err := connection.Write(head)
			if err == nil {
				err = c.payload.send(connection, c.load.UploadOver)
			}
			sent <- err
		}()
		got, at, err := c.received(connection)
		select {
		case failed := <-sent:
			got.closes = got.closes || failed != nil
		case <-time.After(pace): // an early answer: what is left of the body must not be taken for the next request
			got.closes = true
			_ = connection.SetDeadline(time.Now())
			<-sent
		}
		return got, at, err
	}
}

func (c *Client) received(connection *connection) (answer, phase, error) {
	got, body, at, err := connection.receive()
	if err != nil {
		return got, at, err
	}
	defer body.Close()
	told, err := io.ReadAll(io.LimitReader(body, longestEcho))
	if err == nil && got.version != "" && got.status == http.StatusOK && !bytes.Contains(told, []byte(c.payload.digest)) {
		err = errCorrupt
	}
	return got, reading, err
}

// post is the head of an upload.
func (l *Load) post(persistent bool, size int) []byte {
	head := bytes.Replace(l.get(persistent, nil), []byte("GET "), []byte("POST "), 1)
	return append(bytes.TrimSuffix(head, []byte("\r\n")), fmt.Sprintf("Content-Length: %d\r\n\r\n", size)...)
}
