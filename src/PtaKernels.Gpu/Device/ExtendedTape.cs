using System.Runtime.InteropServices;

namespace PtaKernels.Gpu;

/// <summary>The tokens of a <see cref="DeviceTape"/> under their ids, and ordinary tokens appended after them. Thread-safe.</summary>
/// <remarks>
/// An appended token is on the device once <see cref="Flush"/> has returned. <see cref="View"/> shows what was flushed; a view taken earlier stays
/// valid, because memory that the tape has outgrown is kept until <see cref="Dispose"/>.
/// </remarks>
internal sealed class ExtendedTape : DeviceTape, IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<TapeMemory> _outgrown = [];
    private readonly List<TokenEntry> _newTokens = [];
    private readonly List<SymbolQuad> _newQuads = [];
    private TapeMemory _memory;
    private int _tokens;
    private int _quads;
    private int _longest;

    /// <summary>Copies a tape, with room for more tokens.</summary>
    /// <param name="tapes">The device's tapes.</param>
    /// <param name="basis">The tokens that keep their ids.</param>
    public ExtendedTape(DeviceTapes tapes, DeviceTape basis)
        : base(tapes)
    {
        TapeView view = basis.View;
        _tokens = basis.Count;
        _quads = checked((int)view.Quads.Length);
        _longest = basis.LongestToken;
        _memory = tapes.Allocate(_tokens + 1024, _quads + 4096);
        _memory.CopyFrom(view, _tokens, _quads);
        GC.KeepAlive(basis);
    }

    /// <inheritdoc/>
    public override int Count
    {
        get
        {
            lock (_lock)
                return _tokens + _newTokens.Count;
        }
    }

    /// <inheritdoc/>
    public override int LongestToken => Volatile.Read(ref _longest);

    /// <summary>The flushed tokens.</summary>
    public override TapeView View
    {
        get
        {
            lock (_lock)
                return _memory.View(_tokens, _quads);
        }
    }

    /// <summary>Adds an ordinary token and returns its id; nothing is copied to the device yet.</summary>
    public int Append(ReadOnlySpan<int> symbols)
    {
        lock (_lock)
        {
            _newTokens.Add(new TokenEntry { Start = checked(_quads + _newQuads.Count), Length = symbols.Length });
            for (int at = 0; at < symbols.Length; at += 4)
            {
                var quad = new SymbolQuad { X = SymbolQuad.Padding, Y = SymbolQuad.Padding, Z = SymbolQuad.Padding, W = SymbolQuad.Padding };
                symbols[at..Math.Min(at + 4, symbols.Length)].CopyTo(MemoryMarshal.Cast<SymbolQuad, int>(new Span<SymbolQuad>(ref quad)));
                _newQuads.Add(quad);
            }

            _longest = Math.Max(_longest, symbols.Length);
            return _tokens + _newTokens.Count - 1;
        }
    }

    /// <summary>Copies what was appended to the device and waits for it, so that kernels of every lane may use it.</summary>
    /// <param name="lane">The lane whose stream copies.</param>
    public void Flush(GpuLane lane)
    {
        lock (_lock)
        {
            if (_newTokens.Count == 0)
                return;
            int tokens = checked(_tokens + _newTokens.Count), quads = checked(_quads + _newQuads.Count);
            if (!_memory.Holds(tokens, quads))
            {
                TapeMemory larger = Tapes.Allocate(Math.Max(tokens, 2 * (long)_tokens), Math.Max(quads, 2 * (long)_quads));
                larger.CopyFrom(_memory.View(_tokens, _quads), _tokens, _quads);
                _outgrown.Add(_memory);
                _memory = larger;
            }

            _memory.Write(lane.Stream, _tokens, CollectionsMarshal.AsSpan(_newTokens), _quads, CollectionsMarshal.AsSpan(_newQuads));
            (_tokens, _quads) = (tokens, quads);
            _newTokens.Clear();
            _newQuads.Clear();
        }
    }

    /// <summary>Frees the memory; nothing that uses it may still be queued.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            Tapes.Retire(_memory);
            foreach (TapeMemory memory in _outgrown)
                Tapes.Retire(memory);
            _outgrown.Clear();
        }

        GC.SuppressFinalize(this);
    }
}
