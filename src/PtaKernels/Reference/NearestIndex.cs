using System.Numerics;
using System.Runtime.CompilerServices;

namespace PtaKernels.Reference;

/// <summary>Ordinary tokens of a tape by symbol count and by content, and its special tokens. Built once per tape and kept while the tape lives.</summary>
internal sealed class NearestIndex
{
    private static readonly ConditionalWeakTable<TokenTape, NearestIndex> Known = [];

    private readonly int[][] _byLength;
    private readonly ulong[][] _symbolSets;
    private readonly Dictionary<int, List<int>> _byHash = [];

    private NearestIndex(TokenTape tape)
    {
        var byLength = new List<int>[tape.LongestToken + 1];
        var specials = new List<int>();
        for (int id = 0; id < tape.Count; id++)
        {
            TokenRoles roles = tape.RolesOf(id);
            if ((roles & TokenRoles.Hole) != 0)
                continue;
            if ((roles & TokenRoles.Special) != 0)
            {
                specials.Add(id);
                continue;
            }

            (byLength[tape[id].Length] ??= []).Add(id);
            int hash = Hash(tape[id]);
            if (!_byHash.TryGetValue(hash, out List<int>? bucket))
                _byHash[hash] = bucket = [];
            bucket.Add(id);
        }

        _byLength = [.. byLength.Select(ids => ids?.ToArray() ?? [])];
        _symbolSets = [.. _byLength.Select(ids => Array.ConvertAll(ids, id => SymbolSet(tape[id])))];
        Specials = [.. specials];
    }

    /// <summary>Special tokens in id order.</summary>
    public int[] Specials { get; }

    /// <summary>The index of a tape.</summary>
    public static NearestIndex Of(TokenTape tape) => Known.GetValue(tape, static t => new NearestIndex(t));

    /// <summary>Ordinary tokens with that many symbols, in id order.</summary>
    public ReadOnlySpan<int> OfLength(int length) => (uint)length < (uint)_byLength.Length ? _byLength[length] : [];

    /// <summary>The <see cref="SymbolSet"/> of each token of <see cref="OfLength"/>.</summary>
    public ReadOnlySpan<ulong> SymbolSetsOfLength(int length) => (uint)length < (uint)_symbolSets.Length ? _symbolSets[length] : [];

    /// <summary>The symbols that occur, one bit for every 64th.</summary>
    public static ulong SymbolSet(ReadOnlySpan<int> symbols)
    {
        ulong set = 0;
        foreach (int symbol in symbols)
            set |= 1UL << symbol;
        return set;
    }

    /// <summary>A distance that two tokens are never below: a symbol that the other token lacks takes an edit of its own.</summary>
    public static int LowerBound(ulong symbolsOfOne, ulong symbolsOfOther) =>
        Math.Max(BitOperations.PopCount(symbolsOfOne & ~symbolsOfOther), BitOperations.PopCount(symbolsOfOther & ~symbolsOfOne));

    /// <summary>The first ordinary token with exactly these symbols, or <see cref="VocabularyMap.None"/>.</summary>
    public int FindExact(TokenTape tape, ReadOnlySpan<int> symbols)
    {
        if (_byHash.TryGetValue(Hash(symbols), out List<int>? bucket))
        {
            foreach (int id in bucket)
            {
                if (tape[id].SequenceEqual(symbols))
                    return id;
            }
        }

        return VocabularyMap.None;
    }

    private static int Hash(ReadOnlySpan<int> symbols)
    {
        uint hash = 2166136261; // FNV-1a over whole symbols: stable from run to run
        foreach (int symbol in symbols)
            hash = (hash ^ (uint)symbol) * 16777619;
        return (int)hash;
    }
}
