using System.Runtime.InteropServices;

namespace PtaKernels.Gpu;

/// <summary>A <see cref="TokenTape"/> in the memory of one device. Thread-safe.</summary>
/// <remarks>The memory lives as long as this object or the device, whichever ends first; keep the tape reachable until what uses it is synchronised.</remarks>
internal class DeviceTape
{
    private readonly TapeMemory? _memory;
    private readonly DeviceTapes _tapes;

    /// <summary>Copies a tape to the device and waits for it.</summary>
    internal DeviceTape(DeviceTapes tapes, TokenTape tape)
    {
        _tapes = tapes;
        var entries = new TokenEntry[tape.Count];
        int quads = 0;
        for (int t = 0; t < entries.Length; t++)
        {
            entries[t] = new TokenEntry { Start = quads, Length = tape[t].Length, Roles = (int)tape.RolesOf(t) };
            quads = checked(quads + QuadsOf(tape[t].Length));
        }

        var symbols = new SymbolQuad[quads];
        Span<int> flat = MemoryMarshal.Cast<SymbolQuad, int>(symbols.AsSpan());
        flat.Fill(SymbolQuad.Padding);
        for (int t = 0; t < entries.Length; t++)
            tape[t].CopyTo(flat[(4 * entries[t].Start)..]);
        _memory = tapes.Allocate(entries.Length, quads);
        _memory.Write(0, entries, 0, symbols);
        View = _memory.View(entries.Length, quads);
        Count = entries.Length;
        LongestToken = tape.LongestToken;
    }

    /// <summary>For tapes that manage their own memory.</summary>
    private protected DeviceTape(DeviceTapes tapes) => _tapes = tapes;

    /// <summary>Gives the memory back: it may not be freed here, on the finalizer's thread.</summary>
    ~DeviceTape()
    {
        if (_memory is not null)
            _tapes.Retire(_memory);
    }

    /// <summary>Number of tokens.</summary>
    public virtual int Count { get; }

    /// <summary>Symbols of the longest token.</summary>
    public virtual int LongestToken { get; }

    /// <summary>What kernels take.</summary>
    public virtual TapeView View { get; }

    /// <summary>The device's tapes.</summary>
    private protected DeviceTapes Tapes => _tapes;

    /// <summary>Quads that a token takes.</summary>
    internal static int QuadsOf(int length) => (length + 3) / 4;
}
