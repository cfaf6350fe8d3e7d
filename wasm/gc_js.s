// Lets gc_js.go declare a function of the runtime without a body.
