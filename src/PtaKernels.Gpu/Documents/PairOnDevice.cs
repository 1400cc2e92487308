using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using PtaKernels.Rules;

namespace PtaKernels.Gpu;

/// <summary>Two vocabularies as the chunks of one device see them. Thread-safe.</summary>
internal sealed class PairOnDevice
{
    private const int UnknownFit = -2;

    private readonly GpuBackend _backend;
    private readonly ConcurrentDictionary<string, int> _rowTexts = new(StringComparer.Ordinal);
    private readonly Lock _appending = new();
    private readonly Lazy<int[]> _withoutSpace;
    private readonly ConcurrentDictionary<VocabularyMap, bool> _whole = [];
    private readonly Lazy<int[]> _sourceSpecials, _fitOfToken;
    private readonly ConcurrentDictionary<string, int> _fitOfRest = new(StringComparer.Ordinal), _fitOfRestWithSpace = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<double, Lazy<FitsOnDevice>> _fits = [];

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
        _sourceSpecials = new Lazy<int[]>(() => [.. Enumerable.Range(0, pair.Source.Count).Where(id => pair.Source.HasToken(id) && pair.Source.IsSpecial(id))]);
        _fitOfToken = new Lazy<int[]>(() => [.. Enumerable.Repeat(UnknownFit, pair.Source.Count)]);
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

    /// <summary>[source] id of what fits each token under projection <c>byte</c>; negative where nothing does, or nobody has asked.</summary>
    public ReadOnlySpan<int> FitOfToken => _fitOfToken.Value;

    /// <summary>Fits under a byte tail, as kernels read them.</summary>
    /// <param name="byteTail">Bits per byte.</param>
    public FitsOnDevice Fits(double byteTail) =>
        _fits.GetOrAdd(byteTail, tail => new Lazy<FitsOnDevice>(() => new FitsOnDevice(_backend.Tokens.Tapes, Pair, tail))).Value;

    /// <summary>Finds the partners of the source's special tokens, which what fits them asks for.</summary>
    public void ResolvePartners() => Resolve(Pair.NearestText, () => _sourceSpecials.Value);

    /// <summary>Finds what fits some source tokens, if nobody has asked before; partners of special tokens are resolved.</summary>
    public void ResolveFits(ReadOnlySpan<int> sourceTokens)
    {
        int[] known = _fitOfToken.Value;
        foreach (int token in sourceTokens)
        {
            if (known[token] == UnknownFit)
                known[token] = Pair.ByteFits.OfToken(token).Id;
        }
    }

    /// <summary>The id of what fits a candidate of a row that the host collected, negative where nothing does; see <see cref="RowCandidates.FitOf"/>.</summary>
    /// <param name="rows">The row.</param>
    /// <param name="candidate">The candidate's place.</param>
    /// <param name="predictsTextStart">The target row predicts text at offset 0.</param>
    public int FitOf(RowCandidates rows, int candidate, bool predictsTextStart)
    {
        int id = rows.Ids[candidate];
        if ((rows.Tape.RolesOf(id) & TokenRoles.Special) != 0)
            return rows.FitOf(candidate, Pair, predictsTextStart).Id;
        // Symbols are the text, so most texts are found without making it again.
        ConcurrentDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> known =
            (predictsTextStart ? _fitOfRestWithSpace : _fitOfRest).GetAlternateLookup<ReadOnlySpan<char>>();
        ReadOnlySpan<char> key = MemoryMarshal.Cast<int, char>(rows.Tape[id]);
        if (!known.TryGetValue(key, out int fit))
            known[key] = fit = rows.FitOf(candidate, Pair, predictsTextStart).Id;
        return fit;
    }

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
