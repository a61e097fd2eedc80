module sluice/stages/scan/tables

go 1.26.0
