// C interface of the simulated system on chip, loaded by host/tilewright/sim/library.py (which declares it again).
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct soc soc_t;

typedef struct {
    uint64_t ddr_base;          // physical address of the DDR
    uint64_t ddr_size;          // bytes, a multiple of 4096
    uint8_t *ddr_data;          // ddr_size bytes, owned by the caller, who keeps them until soc_destroy
    const uint8_t *ddr_pages;   // one byte for each 4096 bytes: not 0 = allocated; owned by the caller, may change
    uint32_t latency;           // cycles from a read address to its first beat, from a last write beat to its response
    double stall_probability;   // that a cycle withholds ready or valid, on each channel of the DDR; 0 <= p < 1
    uint64_t seed;              // of the stalls and of all registers that no reset sets
} soc_config_t;

enum { SOC_OK = 0, SOC_SLVERR = 2, SOC_DECERR = 3, SOC_NO_RESPONSE = 4 };

// Slaves, streams and interrupts are numbered as soc_ports.h lists them.

// A system out of reset, or NULL if the configuration makes no sense.
soc_t *soc_create(const soc_config_t *config);
void soc_destroy(soc_t *soc);

// One AXI4-Lite access: steps the clock until the response (10000 cycles at most, then SOC_NO_RESPONSE).
int soc_read(soc_t *soc, uint32_t slave, uint32_t address, uint32_t *value);
int soc_write(soc_t *soc, uint32_t slave, uint32_t address, uint32_t value);

void soc_run(soc_t *soc, uint64_t cycles);
uint64_t soc_cycles(const soc_t *soc);

// Cycle of the latest handshake on a DDR channel or on an observed stream, or movement inside the accelerator.
uint64_t soc_last_activity(const soc_t *soc);

// The interrupt lines, a bit each.
uint64_t soc_interrupts(const soc_t *soc);

// Beats that have moved on a stream, and whether one of them was a packet's last. A DMA's stream counts from its channel's latest
// LENGTH or TAILDESC write or the DMA's latest soft reset, another one from the start.
uint64_t soc_stream(const soc_t *soc, uint32_t stream, int *last);

// Of each master that reads, then of each that writes: bursts asked for, and those of them that are not answered.
void soc_bursts(const soc_t *soc, uint64_t *taken, uint64_t *outstanding);

// The first AXI rule that a master broke or the first assertion of the RTL that failed ($stop), or an empty string.
// Valid until soc_destroy.
const char *soc_violation(const soc_t *soc);

// An access to memory that is not allocated, of a master that is no DMA: its channel's name, or NULL where there was none since
// the latest call. Valid until soc_destroy.
const char *soc_stray(soc_t *soc, uint64_t *address, uint32_t *bytes);

// State of the stalls' random generators, to repeat a transfer cycle by cycle on another system: of the masters that read, then of
// those that write.
void soc_get_stalls(const soc_t *soc, uint64_t *states);
void soc_set_stalls(soc_t *soc, const uint64_t *states);

// Writes a waveform (FST) of the cycles [first, last), counted from the first stream's next beat, which is cycle 0. Returns 0, or
// -1 where the library was built without tracing or the file cannot be written. The file is complete after soc_destroy.
int soc_trace(soc_t *soc, const char *file, uint64_t first, uint64_t last);

#ifdef __cplusplus
}
#endif
