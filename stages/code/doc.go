// Package code holds filters of source code. A text is one file.
package code
