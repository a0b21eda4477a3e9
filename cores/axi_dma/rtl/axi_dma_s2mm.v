`resetall
`default_nettype none

/*
 * Stream to memory: writes one packet with AXI bursts, up to start_length bytes. CHAINED: a packet that fills start_length without
 * its tlast ends the transfer, and goes on in the next one.
 *
 * A burst is issued only when all of its beats are in the FIFO, so its data never wait for the stream; a packet that ends in
 * mid-burst makes a shorter burst. Address and data go out on their own: neither waits for the other's ready. Nothing beyond
 * start_length is written: a longer packet, or one with holes in tkeep, ends the transfer with an internal error after what fits
 * has been written. A transfer takes nothing past its packet's tlast. Between transfers the stream's first four beats are taken
 * and kept for the next one, as AMD's core does; a reset drops them. done is given when every write is answered.
 */
module axi_dma_s2mm #(
    // Width of an address in bits
    parameter ADDR_W = 40,
    // Width of memory and stream in bits: 64 or 128
    parameter DATA_W = 64,
    // Width of a length in bytes
    parameter LENGTH_W = 26,
    // Longest burst in beats: 2, 4, 8 or 16
    parameter BURST = 16,
    // Writes that may wait for their response
    parameter OUTSTANDING = 8,
    // Beats that the FIFO holds: a power of two, at least OUTSTANDING * BURST
    parameter FIFO_DEPTH = 512,
    // Read latency of the FIFO's memory: 1 or 2
    parameter SRAM_LATENCY = 2,
    // 1: a packet may go on in the next transfer
    parameter CHAINED = 0
) (
    input  wire                clk,
    input  wire                rst,
    input  wire                start,
    input  wire [ADDR_W-1:0]   start_addr,
    input  wire [LENGTH_W-1:0] start_length,
    // errors: [0] internal, [1] slave, [2] decode; all zero with done: the transfer is complete
    output wire                done,
    output wire [2:0]          errors,
    // A beat waits for a transfer
    output wire                waiting,
    // Bytes taken from the packet, valid with done
    output wire [LENGTH_W-1:0] received,
    // The packet has ended, valid with done
    output wire                received_last,
    // halt: issue nothing more; quiet: nothing is outstanding any more
    input  wire                halt,
    output wire                quiet,
    output wire [ADDR_W-1:0]   m_axi_awaddr,
    output wire [7:0]          m_axi_awlen,
    output wire                m_axi_awvalid,
    input  wire                m_axi_awready,
    output wire [DATA_W-1:0]   m_axi_wdata,
    output wire [DATA_W/8-1:0] m_axi_wstrb,
    output wire                m_axi_wlast,
    output wire                m_axi_wvalid,
    input  wire                m_axi_wready,
    input  wire [1:0]          m_axi_bresp,
    input  wire                m_axi_bvalid,
    output wire                m_axi_bready,
    input  wire [DATA_W-1:0]   s_axis_tdata,
    input  wire [DATA_W/8-1:0] s_axis_tkeep,
    input  wire                s_axis_tlast,
    input  wire                s_axis_tvalid,
    output wire                s_axis_tready
);

localparam SPACE_W  = $clog2(FIFO_DEPTH) + 1;
localparam SIZE_W   = $clog2(BURST) + 1;
localparam OFFSET_W = $clog2(BURST);

localparam BYTES    = DATA_W / 8;
localparam BYTE_W   = $clog2(BYTES);
localparam BEATS_W  = LENGTH_W - BYTE_W + 1;

localparam [SPACE_W-1:0] SPACE_ONE = 1;
localparam [BEATS_W-1:0] BEATS_ONE = 1;
localparam [BEATS_W-1:0] BEATS_TWO = 2;

wire [BEATS_W-1:0] start_beats = {1'b0, start_length[LENGTH_W-1:BYTE_W]}
    + {{BEATS_W-1{1'b0}}, start_length[BYTE_W-1:0] != 0};
wire               start_bad   = start_length == 0 || start_addr[BYTE_W-1:0] != 0;

// The four beats that are taken early: two in each register
wire [DATA_W-1:0] early_data, beat_data;
wire [BYTES-1:0]  early_keep, beat_keep;
wire              early_last, early_valid, early_ready, beat_last, beat_valid, beat_ready;

stream_register #(.WIDTH(DATA_W + BYTES + 1)) early_0 (
    .clk(clk),
    .rst(rst),
    .s_data({s_axis_tlast, s_axis_tkeep, s_axis_tdata}),
    .s_valid(s_axis_tvalid),
    .s_ready(s_axis_tready),
    .m_data({early_last, early_keep, early_data}),
    .m_valid(early_valid),
    .m_ready(early_ready)
);

stream_register #(.WIDTH(DATA_W + BYTES + 1)) early_1 (
    .clk(clk),
    .rst(rst),
    .s_data({early_last, early_keep, early_data}),
    .s_valid(early_valid),
    .s_ready(early_ready),
    .m_data({beat_last, beat_keep, beat_data}),
    .m_valid(beat_valid),
    .m_ready(beat_ready)
);

assign waiting = beat_valid;

// Beats in
reg  [DATA_W-1:0]  in_data_reg;
reg  [BYTES-1:0]   in_keep_reg;
reg                in_last_reg;
reg                in_valid_reg;
reg                open_reg;
reg                ready_reg;
reg  [SPACE_W-1:0] space_reg;
reg                ended_reg;
reg                abort_reg;
wire               take = beat_valid && ready_reg;
reg  [BEATS_W-1:0] places_reg;
reg                one_place_reg;
wire               closes = beat_last || (CHAINED != 0 && one_place_reg);
wire               open   = open_reg && !(take && closes) && !ended_reg && !abort_reg && !halt;
wire               pop;

assign beat_ready = ready_reg;

always @(posedge clk) begin
    in_data_reg  <= beat_data;
    in_keep_reg  <= beat_keep;
    in_last_reg  <= beat_last;
    in_valid_reg <= take;
    open_reg     <= open || (start && !start_bad);
    ready_reg    <= open && space_reg > SPACE_ONE;
    space_reg    <= space_reg + {{SPACE_W-1{1'b0}}, pop} - {{SPACE_W-1{1'b0}}, take};
    if (start) space_reg <= FIFO_DEPTH[SPACE_W-1:0];
    if (start) begin
        places_reg    <= start_beats;
        one_place_reg <= start_beats == BEATS_ONE;
    end else if (take) begin
        places_reg    <= places_reg - 1'b1;
        one_place_reg <= places_reg == BEATS_TWO;
    end
    if (rst) begin
        in_valid_reg <= 1'b0;
        open_reg     <= 1'b0;
        ready_reg    <= 1'b0;
    end
end

// What a beat brings, and how much of it fits
function [BYTE_W:0] count_ones(input [BYTES-1:0] bits);
    integer i;
    begin
        count_ones = 0;
        for (i = 0; i < BYTES; i = i + 1) count_ones = count_ones + {{BYTE_W{1'b0}}, bits[i]};
    end
endfunction

reg  [LENGTH_W-1:0] room_reg;
reg  [LENGTH_W-1:0] received_reg;
wire [BYTES-1:0]    in_keep_above = in_keep_reg + {{BYTES-1{1'b0}}, 1'b1};
wire                malformed     = (in_keep_reg & in_keep_above) != 0 || (!in_last_reg && in_keep_reg != {BYTES{1'b1}});
wire [BYTE_W:0]     in_bytes      = count_ones(in_keep_reg);
wire                room_for_beat = room_reg[LENGTH_W-1:BYTE_W] != 0;
wire                overlong      = !room_for_beat && in_bytes > {1'b0, room_reg[BYTE_W-1:0]};
wire [BYTE_W:0]     in_taken      = overlong ? {1'b0, room_reg[BYTE_W-1:0]} : in_bytes;
wire                fills         = room_reg == {{LENGTH_W-BYTE_W-1{1'b0}}, in_taken};
wire                consider      = in_valid_reg && !ended_reg;
wire                push          = consider && room_reg != 0;
wire                final_beat    = in_last_reg || malformed || fills;

reg [BYTES-1:0] final_strb_reg;
reg             closed_reg;
reg             last_reg;

assign received_last = last_reg;

always @(posedge clk) begin
    if (start) begin
        room_reg     <= start_length;
        received_reg <= 0;
        ended_reg    <= 1'b0;
        closed_reg   <= 1'b0;
        last_reg     <= 1'b0;
    end else if (consider) begin
        room_reg     <= room_reg - {{LENGTH_W-BYTE_W-1{1'b0}}, in_taken};
        received_reg <= received_reg + {{LENGTH_W-BYTE_W-1{1'b0}}, in_taken};
        ended_reg    <= in_last_reg || malformed || overlong || (CHAINED != 0 && fills);
        last_reg     <= in_last_reg;
        closed_reg   <= closed_reg || final_beat;
    end
    if (push && final_beat) final_strb_reg <= room_for_beat ? in_keep_reg : in_keep_reg & ~({BYTES{1'b1}} << room_reg[BYTE_W-1:0]);
    if (rst) begin
        ended_reg  <= 1'b0;
        closed_reg <= 1'b0;
    end
end

wire [DATA_W-1:0] fifo_data;
wire              fifo_final;
wire              fifo_valid;
wire              fifo_ready;

stream_fifo #(.WIDTH(DATA_W + 1), .DEPTH(FIFO_DEPTH), .LATENCY(SRAM_LATENCY)) fifo (
    .clk(clk),
    .rst(rst),
    .s_data({final_beat, in_data_reg}),
    .s_valid(push),
    .s_ready(fifo_ready),
    .m_data({fifo_final, fifo_data}),
    .m_valid(fifo_valid),
    .m_ready(pop)
);

// Write addresses
reg  [SPACE_W-1:0] beats_reg;
reg                b_valid_reg;
wire               issue;
wire [SIZE_W-1:0]  issue_beats;
wire               none_outstanding;

axi_dma_bursts #(
    .ADDR_W(ADDR_W),
    .BYTE_W(BYTE_W),
    .BURST(BURST),
    .OUTSTANDING(OUTSTANDING),
    .BEATS_W(SPACE_W),
    .SPACE_W(SPACE_W)
) bursts (
    .clk(clk),
    .rst(rst),
    .start(start),
    .start_addr(start_addr[ADDR_W-1:BYTE_W]),
    .stop(halt || abort_reg),
    .beats(beats_reg),
    .beats_final(closed_reg),
    .space({SPACE_W{1'b1}}),
    .issue(issue),
    .issue_beats(issue_beats),
    .complete(b_valid_reg),
    .none_outstanding(none_outstanding),
    .a_addr(m_axi_awaddr),
    .a_len(m_axi_awlen),
    .a_valid(m_axi_awvalid),
    .a_ready(m_axi_awready)
);

always @(posedge clk) begin
    beats_reg <= beats_reg + {{SPACE_W-1{1'b0}}, push}
        - (issue ? {{SPACE_W-SIZE_W{1'b0}}, issue_beats} : {SPACE_W{1'b0}});
    if (rst) beats_reg <= 0;
end

// Write data: only beats whose address is out, taken or not
reg  [SPACE_W-1:0]  granted_reg;
reg  [OFFSET_W-1:0] offset_reg;
wire                register_ready;
wire                send    = fifo_valid && granted_reg != 0;

assign pop = send && register_ready;

always @(posedge clk) begin
    granted_reg <= granted_reg + (issue ? {{SPACE_W-SIZE_W{1'b0}}, issue_beats} : {SPACE_W{1'b0}}) - {{SPACE_W-1{1'b0}}, pop};
    if (start) offset_reg <= start_addr[OFFSET_W+BYTE_W-1:BYTE_W];
    else if (pop) offset_reg <= offset_reg + 1'b1;
    if (rst) granted_reg <= 0;
end

stream_register #(.WIDTH(DATA_W + BYTES + 1)) out (
    .clk(clk),
    .rst(rst),
    .s_data({fifo_final || &offset_reg, fifo_final ? final_strb_reg : {BYTES{1'b1}}, fifo_data}),
    .s_valid(send),
    .s_ready(register_ready),
    .m_data({m_axi_wlast, m_axi_wstrb, m_axi_wdata}),
    .m_valid(m_axi_wvalid),
    .m_ready(m_axi_wready)
);

// Completion
reg  [1:0] b_resp_reg;
reg  [2:0] errors_reg;
reg        active_reg;
reg        done_reg;
reg        quiet_reg;
wire       b_error = b_valid_reg && b_resp_reg[1];
wire       finish  = active_reg && none_outstanding && (abort_reg || (ended_reg && beats_reg == 0));

assign m_axi_bready = 1'b1;
assign done         = done_reg;
assign errors       = errors_reg;
assign received     = received_reg;
assign quiet        = quiet_reg;

always @(posedge clk) begin
    b_resp_reg  <= m_axi_bresp;
    b_valid_reg <= m_axi_bvalid && !rst;
    active_reg  <= start || (active_reg && !finish);
    done_reg    <= finish;
    quiet_reg   <= halt && none_outstanding;
    abort_reg   <= start ? start_bad : abort_reg || b_error;
    if (start) errors_reg <= {2'b00, start_bad};
    else errors_reg <= errors_reg | {b_error && b_resp_reg[0], b_error && !b_resp_reg[0], consider && (malformed || overlong)};
    if (rst) begin
        active_reg <= 1'b0;
        done_reg   <= 1'b0;
        quiet_reg  <= 1'b0;
        abort_reg  <= 1'b0;
        errors_reg <= 3'b000;
    end
end

`ifndef SYNTHESIS
always @(posedge clk) begin
    if (!rst && push && !fifo_ready) begin
        $display("axi_dma_s2mm: a beat without space in the FIFO");
        $stop;
    end
end
`endif

endmodule

`resetall
