package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Some tests need a real process: the test binary started again, as the client.
const (
	beTheClient = "BE_THE_CLIENT"
	fewFiles    = "FEW_FILES"
)

func TestMain(m *testing.M) {
	if os.Getenv(fewFiles) != "" {
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 12, Max: 12})
	}
	if os.Getenv(beTheClient) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func client(flags ...string) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
	cmd := exec.Command(os.Args[0], flags...)
	cmd.Env = []string{beTheClient + "=1"}
	var output, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &complaint
	return cmd, &output, &complaint
}

// gate is an app that holds every request until it is opened.
type gate struct {
	url  string
	came chan struct{}
	open func()
}

func newGate(t *testing.T) *gate {
	t.Helper()
	opened := make(chan struct{})
	g := &gate{came: make(chan struct{}, 1000), open: sync.OnceFunc(func() { close(opened) })}
	g.url = app(t, func(http.ResponseWriter, *http.Request) {
		g.came <- struct{}{}
		<-opened
	}).URL
	t.Cleanup(g.open)
	return g
}

func TestWhenAskedToStopItWaitsForTheAnswersThatAreDue(t *testing.T) {
	for name, stop := range map[string]func(*exec.Cmd, io.Closer){
		"SIGTERM":          func(cmd *exec.Cmd, _ io.Closer) { _ = cmd.Process.Signal(syscall.SIGTERM) },
		"SIGINT":           func(cmd *exec.Cmd, _ io.Closer) { _ = cmd.Process.Signal(syscall.SIGINT) },
		"end of the input": func(_ *exec.Cmd, input io.Closer) { _ = input.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			server := newGate(t)
			cmd, output, complaint := client("-url", server.url, "-rate", "20", "-until-input-ends")
			input, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-server.came
			stop(cmd, input)
			server.open()
			if err := cmd.Wait(); err != nil {
				t.Fatalf("%v: %s", err, complaint)
			}
			r := readReport(t, output)
			r.expect(t, max(r.summary.Answered, 1), nil)
		})
	}
}

func TestASecondSignalDoesNotWait(t *testing.T) {
	server := newGate(t)
	cmd, _, _ := client("-url", server.url, "-timeout", "1h")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-server.came
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	for asking := true; asking; {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
			asking = false
		case <-time.After(10 * time.Millisecond):
		}
	}
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
		t.Errorf("it ended by itself: %v", status)
	}
}

func TestRunningOutOfFilesIsSkippedAndSaySo(t *testing.T) {
	server := newGate(t)
	cmd, output, complaint := client("-url", server.url, "-rate", "1000", "-for", "50ms", "-timeout", "1s")
	cmd.Env = append(cmd.Env, fewFiles+"=1")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, complaint)
	}
	r := readReport(t, output)
	if s := r.summary; s.Skips["no-file"] == 0 || s.Skipped+s.Sent != 50 || s.Kinds["timeout"] != s.Sent {
		t.Errorf("summary %+v", s.Counts)
	}
}

func TestBadFlagsAreRefusedInOneSentence(t *testing.T) {
	for _, row := range []struct{ flags, sentence string }{
		{"", `-url is "": give an address with http://`},
		{"-url https://a/", `-url is "https://a/": give an address with http://`},
		{"-url http://:80/", `give an address with http://`},
		{"-url http://a -rate 0", "-rate is 0: give requests per second, above 0 and at most 100000."},
		{"-url http://a -rate NaN", "-rate is NaN: give requests per second"},
		{"-url http://a -for -1s", "-for is -1s: give a duration such as 30s, or 0 for no end."},
		{"-url http://a -timeout 0s", "-timeout is 0s: give a duration above 0, for example 10s."},
		{"-url http://a -pool 0", "-pool is 0: give at least 1 connection."},
		{"-url http://a -max-lag 0s", "-max-lag is 0s: give a duration above 0, for example 1s."},
		{"-url http://a -max-outstanding 0", "-max-outstanding is 0: give at least 1 request."},
		{"-url http://a -connections http2", `-connections is "http2": give new, keepalive or mixed.`},
		{"-url http://a -protocol http3", `-protocol is "http3": give one of http1, http2, grpc, upload, sse, websocket, grpc-stream.`},
		{"-url http://a -protocol upload", "-timeout is 10s, but an upload takes 20s: give a longer -timeout, for example 40s."},
		{"-url http://a -upload-bytes 0", "-upload-bytes is 0: give a size from 1 to 1073741824."},
		{"-url http://a -upload-over -1s", "-upload-over is -1s: give a duration such as 20s, or 0"},
		{"-url http://a -length 0s", "-length is 0s: give a duration above 0, for example 20s."},
		{"-url http://a -silence 0s", "-silence is 0s: give a duration above 0, for example 5s."},
		{"-url http://a -header X", "give name=value"},
		{"-url http://a -header Host=b", "use -host for the Host header"},
		{"-url http://a -speed 5", "flag provided but not defined: -speed"},
		{"http://a", `"http://a" is no flag: write -url in front of an address.`},
	} {
		cmd, output, complaint := client(strings.Fields(row.flags)...)
		_ = cmd.Run()
		said := complaint.String()
		if cmd.ProcessState.ExitCode() != exitBadInput || !strings.Contains(said, row.sentence) || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: exit code %d: %q", row.flags, cmd.ProcessState.ExitCode(), said)
		}
		if output.Len() != 0 {
			t.Errorf("%s: output %q", row.flags, output)
		}
	}
}
