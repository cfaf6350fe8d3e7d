package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"nigh/core/learn"
)

func TestPolicy_PrintsAFileThatIsReadBack(t *testing.T) {
	out, errOut, code := runNigh(t, "", "policy")
	if want := string(learn.EncodePolicy(learn.DefaultPolicy())); code != 0 || errOut != "" || out != want {
		t.Errorf("nigh policy = %d, %s%s; want %s", code, errOut, out, want)
	}
	file := writeInput(t, "policy.json", out)
	if again, _, _ := runNigh(t, "", "policy", file); again != out {
		t.Errorf("nigh policy of that file = %s, want %s", again, out)
	}
	short := writeInput(t, "short.json", `{"lambda": 7}`)
	out, _, code = runNigh(t, "", "policy", short, "--set", "kinds.play.weight=2")
	if code != 0 || !strings.Contains(out, `"lambda": 7,`) || !strings.Contains(out, `"play"`) || !strings.Contains(out, `"sigma"`) {
		t.Errorf("nigh policy of a short file = %d, %s; want it completed", code, out)
	}
}

func TestPolicy_TellsFileFieldAndBounds(t *testing.T) {
	bad := writeInput(t, "policy.json", "{\n  \"lambda\": 0\n}")
	none := filepath.Join(t.TempDir(), "none.json")
	foreign := writeInput(t, "foreign.json", `{"language": "klingon"}`)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"policy", bad}, "error: policy file " + bad + ": line 2: lambda is 0\nhint: it must be above 0, at most 1e+06\n"},
		{[]string{"serve", "--addr", "localhost:0", "--data", t.TempDir(), "--policy", bad}, "error: policy file " + bad + ": line 2: lambda is 0\n"},
		{[]string{"import", "items", bad, "--data", t.TempDir(), "--policy", bad}, "error: policy file " + bad + ": line 2: lambda is 0\n"},
		{[]string{"import", "items", bad, "--server", "localhost:1", "--policy", bad}, "error: --server and --policy exclude each other\n"},
		{[]string{"serve", "--addr", "localhost:0", "--data", t.TempDir(), "--policy", foreign}, `the language "klingon" is not known`},
		{[]string{"policy", none}, "error: read policy: open " + none},
		{[]string{"policy", "--set", "lambda"}, "hint: write FIELD=VALUE, such as lambda=5\n"},
	} {
		_, errOut, code := runNigh(t, "", c.args...)
		if code != 2 || !strings.Contains(errOut, c.want) {
			t.Errorf("nigh %v = %d, %q; want 2 and %q", c.args, code, errOut, c.want)
		}
	}
}

func TestServe_TakesItsPolicyFromAFile(t *testing.T) {
	file := writeInput(t, "policy.json", `{"kinds": {"play": {"weight": 2}}}`)
	dir := t.TempDir()
	if _, errOut, code := runNigh(t, itemsCSV, "import", "items", "-", "--data", dir); code != 0 {
		t.Fatal(errOut)
	}
	play := "user,item,kind,at\nada,emma,play,1700000000\n"
	if _, errOut, code := runNigh(t, play, "import", "events", "-", "--data", dir); code != 1 || !strings.Contains(errOut, `"play"`) {
		t.Errorf("import under the default policy: %d, %q; want the kind refused", code, errOut)
	}
	if out, errOut, code := runNigh(t, play, "import", "events", "-", "--data", dir, "--policy", file); code != 0 {
		t.Errorf("import under the file's policy: %d, %s%s", code, out, errOut)
	}
	ctx, stop := context.WithCancel(t.Context())
	out, errOut := &notices{lines: make(chan string, 1)}, &notices{lines: make(chan string, 1)}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"serve", "--addr", "localhost:0", "--data", dir, "--policy", file}, nil, out, errOut)
	}()
	defer func() {
		stop()
		<-code
	}()
	select {
	case line := <-out.lines:
		url := strings.TrimSpace(strings.TrimPrefix(line, "nigh is at "))
		sent := writeInput(t, "more.jsonl", `{"user":"bob","item":"emma","kind":"play"}`)
		if out, errOut, code := runNigh(t, "", "import", "events", sent, "--server", url); code != 0 {
			t.Errorf("an event of the policy's own kind: %d, %s%s", code, out, errOut)
		}
	case c := <-code:
		code <- c
		t.Fatalf("serve ended with %d: %s", c, errOut)
	}
}
