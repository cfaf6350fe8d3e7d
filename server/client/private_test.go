package client_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"nigh/core/replica"
	"nigh/server/client"
)

func TestClient_PrivateTellsNothing(t *testing.T) {
	url, cat, stop := serve(t.Context(), nil)
	defer stop()
	c, _ := start(t, client.Options{URL: url, User: "ada", Token: "secret", Private: true})
	c.Ask(replica.Question{Name: "next", Limit: 1})
	until(t, c, "live", client.Live)
	if err := c.Record(t.Context(), "like", "moby-dick", 0); err != nil {
		t.Fatal(err)
	}
	until(t, c, "a list of its own", func(c *client.Client) bool {
		l, _ := c.List("next")
		return len(l.Items) == 1 && l.Items[0].Record.ID == "nautilus"
	})
	if h, p, err := cat.Profile(t.Context(), "ada"); err != nil || len(h)+len(p) > 0 {
		t.Errorf("the server knows %v %v of ada, %v; want nothing", h, p, err)
	}
}

// A fresh token is that of the next handshake.
func TestClient_RenewsItsToken(t *testing.T) {
	asked := make(chan string, 100)
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("Authorization")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer hs.Close()
	c, _ := start(t, client.Options{URL: hs.URL, Token: "old"})
	if got := <-asked; got != "Bearer old" {
		t.Errorf("Authorization = %q, want the first token", got)
	}
	c.Renew("new")
	for got := ""; got != "Bearer new"; c.Online() {
		if got = <-asked; got != "Bearer new" && got != "Bearer old" {
			t.Fatalf("Authorization = %q", got)
		}
	}
}
