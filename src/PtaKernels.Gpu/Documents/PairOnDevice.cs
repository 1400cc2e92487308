using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace PtaKernels.Gpu;

/// <summary>Two vocabularies as the chunks of one device see them. Thread-safe.</summary>
internal sealed class PairOnDevice
{
    private readonly GpuBackend _backend;
    private readonly ConcurrentDictionary<string, int> _rowTexts = new(StringComparer.Ordinal);
    private readonly Lock _appending = new();
    private readonly Lazy<int[]> _withoutSpace;
    private readonly ConcurrentDictionary<VocabularyMap, bool> _whole = [];

    public PairOnDevice(GpuBackend backend, VocabularyPair pair)
    {
        _backend = backend;
        Pair = pair;
        DeviceTapes tapes = backend.Tokens.Tapes;
        RowTexts = new ExtendedTape(tapes, tapes.Of(pair.Source.Texts));
        ColumnTexts = new ExtendedTape(tapes, tapes.Of(pair.Target.Texts));
        SourceHasToken = Existing(pair.Source);
        TargetHasToken = Existing(pair.Target);
        _withoutSpace = new Lazy<int[]>(ShortenColumns);
    }

    /// <summary>The vocabularies.</summary>
    public VocabularyPair Pair { get; }

    /// <summary>The source's texts, and the shortened ones that rows have met.</summary>
    public ExtendedTape RowTexts { get; }

    /// <summary>The target's texts, and those without their leading space where the target's encoder adds one.</summary>
    public ExtendedTape ColumnTexts { get; }

    /// <summary>[source] 1 where an id has a token.</summary>
    public byte[] SourceHasToken { get; }

    /// <summary>[target] 1 where an id has a token.</summary>
    public byte[] TargetHasToken { get; }

    /// <summary>[target] id on <see cref="ColumnTexts"/> of each text without its leading space.</summary>
    public int[] WithoutSpace => _withoutSpace.Value;

    /// <summary>Fills what a map does not know yet: all of it on a device, where that takes milliseconds; on the emulator only what is asked for.</summary>
    public void Resolve(VocabularyMap map, Func<IEnumerable<int>> asked)
    {
        if (_whole.ContainsKey(map))
            return;
        if (_backend.Device.Rehearsal is { Replays: true })
            return;
        if (_backend.Device.IsEmulator)
        {
            map.Resolve(_backend, asked());
            return;
        }

        map.Resolve(_backend, Enumerable.Range(0, map.Count));
        _whole[map] = true;
    }

    /// <summary>The id on <see cref="RowTexts"/> of an ordinary text that may be no token.</summary>
    /// <param name="symbols">Its symbols.</param>
    public int RowTextOf(ReadOnlySpan<int> symbols)
    {
        // Most texts are known: they are found without a lock and without making a string.
        ConcurrentDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> known = _rowTexts.GetAlternateLookup<ReadOnlySpan<char>>();
        ReadOnlySpan<char> key = MemoryMarshal.Cast<int, char>(symbols);
        if (known.TryGetValue(key, out int id))
            return id;
        lock (_appending)
        {
            if (!known.TryGetValue(key, out id))
                _rowTexts[new string(key)] = id = RowTexts.Append(symbols);
            return id;
        }
    }

    private static byte[] Existing(TokenVocabulary vocabulary) => [.. Enumerable.Range(0, vocabulary.Count).Select(id => (byte)(vocabulary.HasToken(id) ? 1 : 0))];

    private int[] ShortenColumns()
    {
        int[] ids = new int[Pair.Target.Count];
        var shortened = new TokenTapeBuilder(1);
        for (int id = 0; id < ids.Length; id++)
        {
            ReadOnlySpan<byte> text = Pair.Target.Bytes[id];
            ids[id] = id;
            if (Pair.Target.IsSpecial(id) || !text.StartsWith((byte)' '))
                continue;
            shortened.Clear();
            shortened.AddBytes(text[1..]);
            ids[id] = ColumnTexts.Append(shortened.ToTape()[0]);
        }

        return ids;
    }
}
