package main

import "testing"

func TestAConnectionThatHasNotAskedYetIsNeverGivenUp(t *testing.T) {
	journal, err := openJournal("")
	if err != nil {
		t.Fatal(err)
	}
	server, _, _, err := listen(0, newShop(Settings{}, journal))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if server.ReadHeaderTimeout != 0 || server.ReadTimeout != 0 || server.IdleTimeout != 0 {
		t.Errorf("got %v, %v, %v; want no timeout: a gateway's connection may wait for its first request",
			server.ReadHeaderTimeout, server.ReadTimeout, server.IdleTimeout)
	}
}
