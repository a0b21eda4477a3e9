#include "soc_sim.h"

#include <memory>
#include <string>

#include "Vsoc.h"
#include "ddr_model.h"
#include "verilated.h"
#include "waveform.h"

struct soc;

namespace {
constexpr unsigned RESET_CYCLES = 16;
constexpr unsigned RESPONSE_LIMIT = 10000;

// The signals of one AXI4-Lite slave, whichever it is.
struct AxiLiteSlave {
    SData &awaddr, &araddr;
    CData &awvalid, &awready, &wvalid, &wready, &bresp, &bvalid, &bready;
    CData &arvalid, &arready, &rresp, &rvalid, &rready;
    IData &wdata, &rdata;
};

// The model that this thread steps: Verilator's hooks for $stop have no argument that tells.
thread_local soc *stepping = nullptr;
}  // namespace

struct soc {
    explicit soc(const soc_config_t &config);
    ~soc() {
        waveform.close();
        top.final();
    }

    // One clock cycle. `observe` sees the settled signals just before the rising edge.
    template <typename Observer>
    void step(Observer observe);
    void step() {
        step([] {});
    }

    int read(int slave, uint32_t address, uint32_t &value);
    int write(int slave, uint32_t address, uint32_t value);
    const char *violation() const;
    void assertion_failed(const char *file, int line);

    VerilatedContext context;
    Vsoc top;
    DdrMemory memory;
    DdrReadPort read_port;
    DdrWritePort write_port;
    AxiLiteSlave slaves[2];
    uint64_t cycle = 0;
    uint64_t last_activity = 0;
    Waveform waveform;
    std::string failed_assertion;

  private:
    // Before any register of the model exists: what no reset sets starts random, as on a board.
    static VerilatedContext *randomised(VerilatedContext &context, uint64_t seed);
};

VerilatedContext *soc::randomised(VerilatedContext &context, uint64_t seed) {
    context.randReset(2);
    context.randSeed(static_cast<int>(seed & 0x7FFFFFFF) | 1);
    context.traceEverOn(true);
    return &context;
}

soc::soc(const soc_config_t &config)
    : top(randomised(context, config.seed), "soc"),
      memory(config.ddr_base, config.ddr_size, config.ddr_data, config.ddr_pages),
      read_port(memory, config.latency, config.stall_probability, config.seed ^ 0x5245414400000000ULL),
      write_port(memory, config.latency, config.stall_probability, config.seed ^ 0x5752495445000000ULL),
      slaves{{top.s_axil_dma_awaddr, top.s_axil_dma_araddr, top.s_axil_dma_awvalid, top.s_axil_dma_awready,
              top.s_axil_dma_wvalid, top.s_axil_dma_wready, top.s_axil_dma_bresp,
              top.s_axil_dma_bvalid, top.s_axil_dma_bready, top.s_axil_dma_arvalid, top.s_axil_dma_arready,
              top.s_axil_dma_rresp, top.s_axil_dma_rvalid, top.s_axil_dma_rready, top.s_axil_dma_wdata,
              top.s_axil_dma_rdata},
             {top.s_axil_acc_awaddr, top.s_axil_acc_araddr, top.s_axil_acc_awvalid, top.s_axil_acc_awready,
              top.s_axil_acc_wvalid, top.s_axil_acc_wready, top.s_axil_acc_bresp,
              top.s_axil_acc_bvalid, top.s_axil_acc_bready, top.s_axil_acc_arvalid, top.s_axil_acc_arready,
              top.s_axil_acc_rresp, top.s_axil_acc_rvalid, top.s_axil_acc_rready, top.s_axil_acc_wdata,
              top.s_axil_acc_rdata}} {
    for (AxiLiteSlave &slave : slaves) {
        slave.awvalid = slave.wvalid = slave.arvalid = 0;
        slave.bready = slave.rready = 1;
    }
    top.aresetn = 0;
    for (unsigned i = 0; i < RESET_CYCLES; ++i) step();
    top.aresetn = 1;
    step();
}

template <typename Observer>
void soc::step(Observer observe) {
    stepping = this;
    top.aclk = 0;
    top.m_axi_mm2s_arready = read_port.arready;
    top.m_axi_mm2s_rvalid = read_port.rvalid;
    top.m_axi_mm2s_rdata = read_port.rdata;
    top.m_axi_mm2s_rresp = read_port.rresp;
    top.m_axi_mm2s_rlast = read_port.rlast;
    top.m_axi_s2mm_awready = write_port.awready;
    top.m_axi_s2mm_wready = write_port.wready;
    top.m_axi_s2mm_bvalid = write_port.bvalid;
    top.m_axi_s2mm_bresp = write_port.bresp;
    top.eval();
    waveform.dump(top.program_beat);

    observe();
    if (top.aresetn) {
        const AxiAddress ar{top.m_axi_mm2s_araddr, top.m_axi_mm2s_arlen, top.m_axi_mm2s_arsize,
                            top.m_axi_mm2s_arburst, top.m_axi_mm2s_arvalid != 0};
        const AxiAddress aw{top.m_axi_s2mm_awaddr, top.m_axi_s2mm_awlen, top.m_axi_s2mm_awsize,
                            top.m_axi_s2mm_awburst, top.m_axi_s2mm_awvalid != 0};
        const AxiWriteBeat w{top.m_axi_s2mm_wdata, top.m_axi_s2mm_wstrb, top.m_axi_s2mm_wlast != 0,
                             top.m_axi_s2mm_wvalid != 0};
        const bool read_moved = read_port.clock(cycle, ar, top.m_axi_mm2s_rready);
        const bool write_moved = write_port.clock(cycle, aw, w, top.m_axi_s2mm_bready);
        if (read_moved || write_moved || top.program_beat || top.result_beat || top.engine_moved) last_activity = cycle;
    }

    top.aclk = 1;
    top.eval();
    waveform.dump_edge();
    ++cycle;
}

int soc::read(int slave, uint32_t address, uint32_t &value) {
    AxiLiteSlave &port = slaves[slave];
    bool address_taken = false, done = false;
    int response = SOC_NO_RESPONSE;
    port.araddr = static_cast<SData>(address);
    port.arvalid = 1;
    for (unsigned i = 0; i < RESPONSE_LIMIT && !done; ++i) {
        step([&] {
            address_taken = port.arvalid && port.arready;
            done = port.rvalid;
            if (done) {
                value = port.rdata;
                response = port.rresp;
            }
        });
        if (address_taken) port.arvalid = 0;
    }
    port.arvalid = 0;
    return response;
}

int soc::write(int slave, uint32_t address, uint32_t value) {
    AxiLiteSlave &port = slaves[slave];
    bool address_taken = false, data_taken = false, done = false;
    int response = SOC_NO_RESPONSE;
    port.awaddr = static_cast<SData>(address);
    port.wdata = value;
    port.awvalid = port.wvalid = 1;
    for (unsigned i = 0; i < RESPONSE_LIMIT && !done; ++i) {
        step([&] {
            address_taken = port.awvalid && port.awready;
            data_taken = port.wvalid && port.wready;
            done = port.bvalid;
            if (done) response = port.bresp;
        });
        if (address_taken) port.awvalid = 0;
        if (data_taken) port.wvalid = 0;
    }
    port.awvalid = port.wvalid = 0;
    return response;
}

const char *soc::violation() const {
    if (!failed_assertion.empty()) return failed_assertion.c_str();
    const std::string &read = read_port.violation();
    return read.empty() ? write_port.violation().c_str() : read.c_str();
}

void soc::assertion_failed(const char *file, int line) {
    if (!failed_assertion.empty()) return;
    failed_assertion = std::string("assertion failed at ") + file + ":" + std::to_string(line);
}

// $stop and $fatal end up here instead of ending the process.
void vl_stop(const char *filename, int linenum, const char *) { stepping->assertion_failed(filename, linenum); }

void vl_fatal(const char *filename, int linenum, const char *, const char *) {
    stepping->assertion_failed(filename, linenum);
}

extern "C" {

soc_t *soc_create(const soc_config_t *config) {
    const uint64_t page = uint64_t{1} << DdrMemory::PAGE_BITS;
    if (config->ddr_size < page || config->ddr_size % page != 0) return nullptr;
    if (!config->ddr_data || !config->ddr_pages) return nullptr;
    if (!(config->stall_probability >= 0.0 && config->stall_probability < 1.0)) return nullptr;
    return new soc(*config);
}

void soc_destroy(soc_t *soc) { delete soc; }

int soc_read(soc_t *soc, int slave, uint32_t address, uint32_t *value) { return soc->read(slave, address, *value); }

int soc_write(soc_t *soc, int slave, uint32_t address, uint32_t value) { return soc->write(slave, address, value); }

void soc_run(soc_t *soc, uint64_t cycles) {
    for (uint64_t i = 0; i < cycles; ++i) soc->step();
}

uint64_t soc_cycles(const soc_t *soc) { return soc->cycle; }

uint64_t soc_last_activity(const soc_t *soc) { return soc->last_activity; }

uint32_t soc_interrupts(const soc_t *soc) {
    return (soc->top.mm2s_introut ? SOC_IRQ_MM2S : 0u) | (soc->top.s2mm_introut ? SOC_IRQ_S2MM : 0u) |
           (soc->top.accelerator_irq ? SOC_IRQ_ACCELERATOR : 0u);
}

const char *soc_violation(const soc_t *soc) { return soc->violation(); }

void soc_get_stalls(soc_t *soc, uint64_t *read_state, uint64_t *write_state) {
    *read_state = soc->read_port.stalls().state();
    *write_state = soc->write_port.stalls().state();
}

void soc_set_stalls(soc_t *soc, uint64_t read_state, uint64_t write_state) {
    soc->read_port.stalls().set_state(read_state);
    soc->write_port.stalls().set_state(write_state);
}

int soc_trace(soc_t *soc, const char *file, uint64_t first, uint64_t last) {
    return soc->waveform.open(soc->top, file, first, last) ? 0 : -1;
}
}
