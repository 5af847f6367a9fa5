package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// inFlight starts a request that is in work until the test finishes it.
func inFlight(t *testing.T, address string) *persistent {
	t.Helper()
	slow := connect(t, address)
	slow.write("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\n1")
	awaitMetric(t, address, "http_requests_in_flight 1")
	return slow
}

func (c *persistent) finish() {
	c.t.Helper()
	c.write("2")
}

func TestARequestInFlightAtSigtermIsAnsweredAndTheShopExitsClean(t *testing.T) {
	shop := startShop(t, "QUIET_S=0.01")
	slow := inFlight(t, shop.address())
	shop.signal(syscall.SIGTERM)
	shop.awaitText("(drains)")
	slow.finish()
	answer := slow.receive()
	if answer.code != 200 || !answer.closes {
		t.Errorf("got %d, close %t; want 200 and Connection: close", answer.code, answer.closes)
	}
	if code, said := shop.exit(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

func TestWhileDrainingItStaysReadyAndAcceptsConnections(t *testing.T) {
	shop := startShop(t)
	address := shop.address()
	inFlight(t, address)
	shop.signal(syscall.SIGTERM)
	shop.awaitText("(drains)")
	for _, path := range []string{"/readyz", "/healthz", "/metrics", "/"} {
		late := connect(t, address)
		late.send(path)
		if answer := late.receive(); answer.code != 200 || !answer.closes {
			t.Errorf("%s: got %d, close %t; want 200 and Connection: close", path, answer.code, answer.closes)
		}
	}
}

func TestAnIdleConnectionIsAnsweredAfterSigtermAndTheServerClosesIt(t *testing.T) {
	shop := startShop(t, "QUIET_S=30")
	address := shop.address()
	idle := connect(t, address)
	idle.send("/")
	if first := idle.receive(); first.closes {
		t.Fatal("before SIGTERM the connection is kept")
	}
	shop.signal(syscall.SIGTERM)
	shop.awaitText("(drains)")
	idle.send("/")
	if second := idle.receive(); second.code != 200 || !second.closes {
		t.Errorf("got %d, close %t; want 200 and Connection: close", second.code, second.closes)
	}
	if _, err := idle.reader.ReadByte(); err != io.EOF {
		t.Errorf("got %v; want an orderly end", err)
	}
}

func TestAfterTheQuietTimeIdleConnectionsEndInOrder(t *testing.T) {
	shop := startShop(t, "QUIET_S=0.01")
	idle := connect(t, shop.address())
	idle.send("/")
	idle.receive()
	shop.signal(syscall.SIGTERM)
	if _, err := idle.reader.ReadByte(); err != io.EOF {
		t.Errorf("got %v; want an orderly end of the idle connection", err)
	}
	if code, said := shop.exit(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

func TestADrainThatIsTooShortSaysHowManyRequestsItCuts(t *testing.T) {
	shop := startShop(t, "DRAIN_S=0.05")
	slow := inFlight(t, shop.address())
	shop.signal(syscall.SIGTERM)
	if _, err := slow.reader.ReadByte(); err == nil {
		t.Error("the request is answered; want it cut")
	}
	code, said := shop.exit()
	if code != 1 || !strings.Contains(said, "cuts 1 requests: raise DRAIN_S") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

func TestExitAtOnceCutsRequests(t *testing.T) {
	shop := startShop(t, "EXIT_AT_ONCE=true")
	slow := inFlight(t, shop.address())
	shop.signal(syscall.SIGTERM)
	if _, err := slow.reader.ReadByte(); err == nil {
		t.Error("the request is answered; want it cut")
	}
	if code, said := shop.exit(); code != 143 {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

func TestIgnoreSigtermIsDeafToSigterm(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads the ignored signals from /proc")
	}
	shop := startShop(t, "IGNORE_SIGTERM=true")
	shop.address()
	if !ignores(t, shop.cmd.Process.Pid, syscall.SIGTERM) {
		t.Error("SIGTERM is not ignored")
	}
	if shop := startShop(t); ignores(t, shop.cmd.Process.Pid, syscall.SIGTERM) {
		t.Error("SIGTERM is ignored without IGNORE_SIGTERM")
	}
}

func ignores(t *testing.T, pid int, sig syscall.Signal) bool {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "SigIgn:")
	line, _, _ := strings.Cut(rest, "\n")
	mask, err := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return mask&(1<<(uint(sig)-1)) != 0
}

func TestWhileStartingNothingListensAndSigtermEndsIt(t *testing.T) {
	port := freePort(t)
	shop := startShop(t, "START_S=600", fmt.Sprintf("PORT=%d", port))
	shop.awaitText("(starts for 10m0s)")
	if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
		conn.Close()
		t.Error("the shop listens while it starts")
	}
	shop.signal(syscall.SIGTERM)
	if code, said := shop.exit(); code != 0 || strings.Contains(said, "listens on") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

func TestAfterStartingItListens(t *testing.T) {
	shop := startShop(t, "START_S=0.05")
	if answer := get(t, fresh(), "http://"+shop.address()+"/readyz"); answer.code != 200 {
		t.Errorf("got %d", answer.code)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestEveryAnsweredOrderIsInTheJournalAfterSigterm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	shop := startShop(t, "QUIET_S=0", "JOURNAL="+path, "ERROR_RATE=50%")
	for range 4 {
		get(t, fresh(), "http://"+shop.address()+"/")
	}
	shop.signal(syscall.SIGTERM)
	if code, said := shop.exit(); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, said)
	}
	written, err := os.ReadFile(path)
	if err != nil || string(written) != "500 false\n200 true\n500 false\n200 true\n" {
		t.Errorf("journal %q, %v", written, err)
	}
}
