// Command nigh serves recommendations and fills the catalog that they come from.
//
//	nigh serve  --addr :8080 --data ./data      the server                                   serve.go
//	nigh import items SOURCE…                   content, from files, folders, feeds          import.go
//	nigh import events FILE…                    what readers did                             import.go
//	nigh key create|list|revoke                 API keys, for programs                       key.go
//	nigh token --secret FILE --user NAME        a reader's token, for tests                  token.go
//	nigh tune --events FILE | --data DIR        the policy that predicts a log best          tune.go
//	nigh policy [FILE]                          the policy, as a file                        policy.go
//	nigh eval sessions|holdout|replay|similar   how good the rankings are, on a log          eval.go
//	nigh bench rank|learn|import|serve          how fast it is, beside a yardstick           bench.go
//
// Read first: main.go. This package turns flags and signals into options and picks implementations; what the words
// mean is decided in server, server/catalog and server/ingest.
//
// # Exit codes
//
// 0: done. 1: it failed, or a row was refused. 2: the command line was wrong, and nothing was done.
//
// A failure is told in two lines: `error: what went wrong`, then `hint: what to do`.
package main
