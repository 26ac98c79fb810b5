// A block to test with
`default_nettype none
module accumulator (
  input wire clock,
  input wire reset,
  input wire [3:0] term,
  output wire [11:0] sum
);
  reg [11:0] held;
  // Wraps
  wire [11:0] next = held + {8'd0, term};
  always @(posedge clock) if (reset) held <= 0; else held <= next;
  assign sum = held;
endmodule
`default_nettype wire
