package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const evalData = "../../eval/testdata/"

func TestEval_PrintsOneJSONObject(t *testing.T) {
	for name, args := range map[string][]string{
		"sessions": {"--train", evalData + "train.csv", "--test", evalData + "test.csv", "--set", "lambda=5", "--set", "recency_power=1", "-k", "5"},
		"holdout":  {"--events", evalData + "ratings.csv", "--items", evalData + "items.jsonl", "--cold", "0.2"},
		"replay":   {"--events", evalData + "ratings.csv"},
		"similar":  {"--items", evalData + "items.jsonl"},
	} {
		out, errOut, code := runNigh(t, "", append([]string{"eval", name, "--json"}, args...)...)
		if code != 0 || errOut != "" {
			t.Errorf("%s: code %d, error output %q; want 0 and none", name, code, errOut)
			continue
		}
		var got struct {
			Protocol string
			N        int
			Metrics  map[string]float64
			Policy   map[string]any
			Seconds  float64
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Errorf("%s: %v in %s", name, err, out)
			continue
		}
		if got.Protocol != name || got.N == 0 || len(got.Metrics) == 0 || got.Seconds <= 0 {
			t.Errorf("%s: got %+v", name, got)
		}
		if name == "sessions" && (got.Policy["lambda"] != 5.0 || got.Metrics["HR@5"] == 0) {
			t.Errorf("sessions: policy %v, metrics %v; want λ 5 and HR@5", got.Policy, got.Metrics)
		}
	}
}

func TestEval_ReadsAPolicyFileThenSets(t *testing.T) {
	file := writeInput(t, "policy.json", `{"lambda": 5, "sigma": 0.25}`)
	out, _, code := runNigh(t, "", "eval", "holdout", "--json", "--baselines", "none", "--events", evalData+"ratings.csv", "--policy", file, "--set", "lambda=7")
	if code != 0 || !strings.Contains(out, `"lambda":7,`) || !strings.Contains(out, `"sigma":0.25,`) {
		t.Errorf("code %d, out %s; want λ 7 of --set and σ 0.25 of the file", code, out)
	}
}

func TestEval_WritesReports(t *testing.T) {
	for _, name := range []string{"report.html", "report.svg"} {
		file := filepath.Join(t.TempDir(), name)
		out, _, code := runNigh(t, "", "eval", "holdout", "--baselines", "popularity", "--events", evalData+"ratings.csv", "--report", file)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if code != 0 || !strings.Contains(out, "popularity") || !strings.Contains(string(data), "<svg") {
			t.Errorf("%s: code %d, table %q, report %d bytes", name, code, out, len(data))
		}
	}
}

func TestEval_TellsWhatIsWrong(t *testing.T) {
	bad := writeInput(t, "policy.json", `{"lamda": 5}`)
	train, test := evalData+"train.csv", evalData+"test.csv"
	for name, c := range map[string]struct {
		args []string
		want string
		code int
	}{
		"no test":         {[]string{"sessions", "--train", train}, "--test is missing; see nigh eval sessions --help", 2},
		"unknown field":   {[]string{"sessions", "--train", train, "--test", test, "--policy", bad}, `line 1: lamda is no field of a policy`, 2},
		"out of range":    {[]string{"sessions", "--train", train, "--test", test, "--set", "sigma=2"}, "sigma is 2; it must lie between 0 and 1", 2},
		"report's format": {[]string{"sessions", "--train", train, "--test", test, "--report", "x.pdf"}, `not "x.pdf"`, 2},
		"no such file":    {[]string{"holdout", "--events", "none.csv"}, "none.csv", 1},
		"baseline":        {[]string{"holdout", "--events", train, "--baselines", "bert"}, `there is no baseline "bert"`, 1},
		"repeats":         {[]string{"sessions", "--train", train, "--test", test, "--repeats", "often"}, `no repeat policy "often"`, 1},
	} {
		_, errOut, code := runNigh(t, "", append([]string{"eval"}, c.args...)...)
		// error and hint stand on two lines
		text := strings.ReplaceAll(errOut, "\nhint: ", "; ")
		if code != c.code || !strings.Contains(text, c.want) || !strings.HasPrefix(text, "error: ") {
			t.Errorf("%s: code %d, %q; want %d and %q", name, code, errOut, c.code, c.want)
		}
	}
}
