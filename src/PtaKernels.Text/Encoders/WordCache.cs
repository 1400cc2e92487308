using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PtaKernels.Text;

/// <summary>Words met before and their symbols. A full cache forgets everything; what it answers never depends on what it holds.</summary>
internal sealed class WordCache
{
    /// <summary>Longer words hardly come twice.</summary>
    public const int LongestWord = 48;

    private const int Slots = 1 << 15, MaxWords = Slots / 2;

    private readonly Entry[] _entries = new Entry[Slots];
    private byte[] _words = new byte[1 << 14];
    private (int Symbol, int Length)[] _symbols = new (int, int)[1 << 13];
    private int _count, _wordsUsed, _symbolsUsed;

    /// <summary>The symbols of a word and their lengths, as long as nothing is added.</summary>
    public bool TryGet(ReadOnlySpan<byte> word, out uint hash, out ReadOnlySpan<(int Symbol, int Length)> symbols)
    {
        hash = Hash(word);
        for (int slot = (int)(hash % Slots); _entries[slot].WordLength > 0; slot = (slot + 1) % Slots)
        {
            ref Entry entry = ref _entries[slot];
            if (entry.Hash == hash && entry.WordLength == word.Length && word.SequenceEqual(_words.AsSpan(entry.Word, word.Length)))
            {
                symbols = _symbols.AsSpan(entry.Symbols, entry.Count);
                return true;
            }
        }

        symbols = [];
        return false;
    }

    /// <summary>Adds a word that is not there.</summary>
    public void Add(ReadOnlySpan<byte> word, uint hash, ReadOnlySpan<(int Symbol, int Length)> symbols)
    {
        if (_count == MaxWords)
        {
            Array.Clear(_entries);
            (_count, _wordsUsed, _symbolsUsed) = (0, 0, 0);
        }

        if (_wordsUsed + word.Length > _words.Length)
            Array.Resize(ref _words, 2 * _words.Length);
        if (_symbolsUsed + symbols.Length > _symbols.Length)
            Array.Resize(ref _symbols, 2 * _symbols.Length);
        word.CopyTo(_words.AsSpan(_wordsUsed));
        symbols.CopyTo(_symbols.AsSpan(_symbolsUsed));
        int slot = (int)(hash % Slots);
        while (_entries[slot].WordLength > 0)
            slot = (slot + 1) % Slots;
        _entries[slot] = new Entry { Hash = hash, Word = _wordsUsed, WordLength = word.Length, Symbols = _symbolsUsed, Count = symbols.Length };
        _wordsUsed += word.Length;
        _symbolsUsed += symbols.Length;
        _count++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Hash(ReadOnlySpan<byte> word)
    {
        const ulong Factor = 0x9E37_79B9_7F4A_7C15;
        ulong hash = (ulong)word.Length * Factor;
        while (word.Length >= sizeof(ulong))
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(word)) * Factor;
            hash ^= hash >> 32;
            word = word[sizeof(ulong)..];
        }

        ulong rest = 0;
        ref byte first = ref MemoryMarshal.GetReference(word);
        for (int i = 0; i < word.Length; i++)
            rest = rest << 8 | Unsafe.Add(ref first, i);
        hash = (hash ^ rest) * Factor;
        return (uint)(hash >> 32);
    }

    private struct Entry
    {
        public uint Hash;
        public int Word, WordLength, Symbols, Count;
    }
}
