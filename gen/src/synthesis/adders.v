// Adders of full and half adder cells, for Yosys' techmap before its own mapping: abc builds adders of
// plain gates, which are larger.
(* techmap_celltype = "$fa" *)
module full_adders (A, B, C, X, Y);
  parameter WIDTH = 1;
  input [WIDTH-1:0] A, B, C;
  output [WIDTH-1:0] X, Y;
  genvar i;
  generate
    for (i = 0; i < WIDTH; i = i + 1) begin : bits
      @compressor@
    end
  endgenerate
endmodule

(* techmap_celltype = "$alu" *)
module ripple_adder (A, B, CI, BI, X, Y, CO);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  parameter _TECHMAP_CONSTMSK_CI_ = 0;
  parameter _TECHMAP_CONSTVAL_CI_ = 0;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  input CI, BI;
  output [Y_WIDTH-1:0] X, Y, CO;

  wire [Y_WIDTH-1:0] a, b_plain;
  // A number that is 0 may come without bits.
  generate
    if (A_WIDTH == 0) begin : no_a
      assign a = 0;
    end else begin : some_a
      \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_a (.A(A), .Y(a));
    end
    if (B_WIDTH == 0) begin : no_b
      assign b_plain = 0;
    end else begin : some_b
      \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_b (.A(B), .Y(b_plain));
    end
  endgenerate
  wire [Y_WIDTH-1:0] b = BI ? ~b_plain : b_plain;
  wire [Y_WIDTH:0] carry;
  assign carry[0] = CI;
  assign CO = carry[Y_WIDTH:1];
  assign X = a ^ b;

  localparam no_carry_in = _TECHMAP_CONSTMSK_CI_ == 1 && _TECHMAP_CONSTVAL_CI_ == 0;
  genvar i;
  generate
    for (i = 0; i < Y_WIDTH; i = i + 1) begin : bits
      if (i == Y_WIDTH - 1) begin : top
        assign Y[i] = a[i] ^ b[i] ^ carry[i];
        assign carry[i+1] = (a[i] & b[i]) | (carry[i] & (a[i] | b[i]));
      end else if (i == 0 && no_carry_in) begin : lowest
        @half@
      end else begin : both
        @full@
      end
    end
  endgenerate
endmodule
