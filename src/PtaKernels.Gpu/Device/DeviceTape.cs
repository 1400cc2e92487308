using System.Runtime.InteropServices;

namespace PtaKernels.Gpu;

/// <summary>A <see cref="TokenTape"/> in the memory of one device. Thread-safe.</summary>
/// <remarks>The memory lives as long as this object or the device, whichever ends first; keep the tape reachable until what uses it is synchronised.</remarks>
internal class DeviceTape
{
    private readonly TapeMemory? _memory;
    private readonly DeviceTapes _tapes;
    private readonly int[] _alphabet = [];
    private readonly int[] _rest = [];
    private readonly int[] _ofLength = new int[LengthSort.LongestSliced];
    private readonly Lock _searchLock = new();
    private OwnedMemory? _searchMemory;
    private SearchIndex? _search;

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
        _alphabet = [.. new HashSet<int>(tape.Symbols.ToArray()).Order()];
        var rest = new List<int>();
        foreach (int id in Enumerable.Range(0, entries.Length))
        {
            if (LengthSort.HasSlot(entries[id], withHoles: 0))
                _ofLength[entries[id].Length - 1]++;
            else if ((entries[id].Roles & (int)TokenRoles.Hole) == 0)
                rest.Add(id);
        }

        _rest = [.. rest];
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
        if (_searchMemory is not null)
            _tapes.Retire(_searchMemory);
    }

    /// <summary>Number of tokens.</summary>
    public virtual int Count { get; }

    /// <summary>Symbols of the longest token.</summary>
    public virtual int LongestToken { get; }

    /// <summary>What kernels take.</summary>
    public virtual TapeView View { get; }

    /// <summary>The distinct symbols, ascending; not kept for an extended tape.</summary>
    internal ReadOnlySpan<int> Alphabet => _alphabet;

    /// <summary>Tokens that a bit-sliced search does not find: special, empty and long ones. Holes are left out.</summary>
    internal ReadOnlySpan<int> Rest => _rest;

    /// <summary>Groups that its tokens with slots take, see <see cref="LengthSort"/>.</summary>
    internal int SlicedGroups => (_ofLength.Sum(static count => (count + 31) / 32) + 31) / 32;

    /// <summary>The device's tapes.</summary>
    private protected DeviceTapes Tapes => _tapes;

    /// <summary>Whether <see cref="Search"/> was called before.</summary>
    internal bool HasSearch => Volatile.Read(ref _search) is not null;

    /// <summary>What a bit-sliced search of this tape needs: made by the first search, whose lane waits for it, and kept.</summary>
    internal SearchIndex Search(GpuDevice device, GpuLane lane)
    {
        lock (_searchLock)
        {
            if (_search is not null)
                return _search;
            OwnedMemory memory = _tapes.AllocateOwned();
            try
            {
                _search = SearchIndex.Build(device, lane, memory, this);
                _searchMemory = memory;
            }
            finally
            {
                if (_search is null)
                    _tapes.Retire(memory);
            }

            return _search;
        }
    }

    /// <summary>Quads that a token takes.</summary>
    internal static int QuadsOf(int length) => (length + 3) / 4;
}
