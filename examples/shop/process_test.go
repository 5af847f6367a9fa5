package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests talk to real processes: the test binary started again, as the shop.
const beTheShop = "BE_THE_SHOP"

func TestMain(m *testing.M) {
	if os.Getenv(beTheShop) != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is a running shop and what it has said.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	ended chan struct{}
	mutex sync.Mutex
	said  bytes.Buffer
	news  *sync.Cond
	over  bool
}

// startShop starts a shop on a free port with the given NAME=value settings.
func startShop(t *testing.T, settings ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0]), ended: make(chan struct{})}
	p.news = sync.NewCond(&p.mutex)
	p.cmd.Env = append([]string{beTheShop + "=1", "PORT=0", "POD_NAME=pod-1", "VERSION=v1"}, settings...)
	output, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.listenTo(output)
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); <-p.ended })
	return p
}

func (p *process) listenTo(output io.Reader) {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		p.hear(lines.Text()+"\n", false)
	}
	_ = p.cmd.Wait()
	p.hear("", true)
	close(p.ended)
}

func (p *process) hear(line string, over bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.said.WriteString(line)
	p.over = over
	p.news.Broadcast()
}

// awaitText returns the first match of the pattern's group in what the shop says.
func (p *process) awaitText(pattern string) string {
	p.t.Helper()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for {
		if found := regexp.MustCompile(pattern).FindStringSubmatch(p.said.String()); found != nil {
			return found[1]
		}
		if p.over {
			p.t.Fatalf("the shop ended without saying %q:\n%s", pattern, p.said.String())
		}
		p.news.Wait()
	}
}

// address is where the shop listens, once it does.
func (p *process) address() string {
	p.t.Helper()
	return "127.0.0.1:" + p.awaitText(`listens on \S*:(\d+)\.`)
}

func (p *process) signal(sig syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
}

// exit waits for the end and returns the exit code and everything said.
func (p *process) exit() (int, string) {
	<-p.ended
	return p.cmd.ProcessState.ExitCode(), p.said.String()
}

// reply is an answer read to its end.
type reply struct {
	code   int
	header http.Header
	body   string
	closes bool
}

func get(t *testing.T, client *http.Client, url string) reply {
	t.Helper()
	answer, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return readReply(t, answer)
}

func readReply(t *testing.T, answer *http.Response) reply {
	t.Helper()
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Header, string(body), answer.Close}
}

// fresh is a client that opens a connection per request.
func fresh() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

// persistent is one connection, used by hand: no client library can hide what happens to it.
type persistent struct {
	t      *testing.T
	conn   net.Conn
	reader *bufio.Reader
}

func connect(t *testing.T, address string) *persistent {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &persistent{t, conn, bufio.NewReader(conn)}
}

func (c *persistent) send(path string) {
	c.t.Helper()
	c.write("GET " + path + " HTTP/1.1\r\nHost: shop\r\n\r\n")
}

func (c *persistent) write(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.t.Fatal(err)
	}
}

func (c *persistent) receive() reply {
	c.t.Helper()
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return readReply(c.t, answer)
}

// awaitMetric waits until /metrics shows the line.
func awaitMetric(t *testing.T, address, line string) {
	t.Helper()
	for !strings.Contains(get(t, fresh(), "http://"+address+"/metrics").body, line+"\n") {
		time.Sleep(5 * time.Millisecond)
	}
}
