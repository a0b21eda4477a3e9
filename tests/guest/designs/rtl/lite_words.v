// Words of 32 bits behind AXI4-Lite: what the CPU wrote, and what it reads.
module lite_words #(parameter WORDS = 16, parameter ADDR_W = 6) (
    input  wire                clk,
    input  wire                resetn,
    input  wire [ADDR_W-1:0]   awaddr,
    input  wire                awvalid,
    output wire                awready,
    input  wire [31:0]         wdata,
    input  wire                wvalid,
    output wire                wready,
    output wire [1:0]          bresp,
    output reg                 bvalid,
    input  wire                bready,
    input  wire [ADDR_W-1:0]   araddr,
    input  wire                arvalid,
    output wire                arready,
    output reg  [31:0]         rdata,
    output wire [1:0]          rresp,
    output reg                 rvalid,
    input  wire                rready,
    output reg  [32*WORDS-1:0] written,
    output wire                write,
    output wire [ADDR_W-3:0]   write_word,
    output wire                read,
    output wire [ADDR_W-3:0]   read_word,
    input  wire [32*WORDS-1:0] readable
);
assign write      = awvalid && wvalid && !bvalid;
assign awready    = write;
assign wready     = write;
assign bresp      = 2'b00;
assign write_word = awaddr[ADDR_W-1:2];
assign read       = arvalid && !rvalid;
assign arready    = read;
assign rresp      = 2'b00;
assign read_word  = araddr[ADDR_W-1:2];

always @(posedge clk) begin
    if (write) written[32*write_word +: 32] <= wdata;
    if (read) rdata <= readable[32*read_word +: 32];
    bvalid <= write || (bvalid && !bready);
    rvalid <= read || (rvalid && !rready);
    if (!resetn) begin
        written <= 0;
        bvalid  <= 1'b0;
        rvalid  <= 1'b0;
    end
end
endmodule
