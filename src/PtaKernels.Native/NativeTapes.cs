using System.Runtime.CompilerServices;

namespace PtaKernels.Native;

/// <summary>Native copies of tapes, vocabulary pairs and embeddings, made at first use and kept while the managed object lives. Thread-safe.</summary>
internal static class NativeTapes
{
    /// <summary>Tapes up to this size are made for one row of one document, and are cheaper to copy again than to keep.</summary>
    private const int SmallTape = 64;

    private static readonly ConditionalWeakTable<TokenTape, Slot<TapeHandle>> Tapes = [];
    private static readonly ConditionalWeakTable<VocabularyPair, Slots> Pairs = [];
    private static readonly ConditionalWeakTable<TokenEmbeddings, Slot<EmbeddingsHandle>> Vectors = [];

    /// <summary>A tape's copy for one call; dispose the lease afterwards.</summary>
    public static TapeLease Of(TokenTape tape)
    {
        ArgumentNullException.ThrowIfNull(tape);
        return tape.Count <= SmallTape ? new TapeLease(new TapeHandle(tape), isOwn: true) : new TapeLease(KeptOf(tape), isOwn: false);
    }

    /// <summary>A tape's copy that lives as long as the tape.</summary>
    public static TapeHandle KeptOf(TokenTape tape) => Tapes.GetValue(tape, static _ => new Slot<TapeHandle>()).Get(tape, static t => new TapeHandle(t));

    /// <summary>The embeddings' copy, which lives as long as they do.</summary>
    public static EmbeddingsHandle Of(TokenEmbeddings embeddings) =>
        Vectors.GetValue(embeddings, static _ => new Slot<EmbeddingsHandle>()).Get(embeddings, static e => new EmbeddingsHandle(e));

    /// <summary>A pair's copy, with the official strings or without: building those takes longer and only preset <c>reference</c> reads them.</summary>
    public static VocabularyPairHandle Of(VocabularyPair pair, bool official, IKernelBackend backend)
    {
        Slots slots = Pairs.GetValue(pair, static _ => new Slots());
        return official
            ? slots.Official.Get((pair, backend), static made =>
            {
                OfficialStrings strings = made.pair.Official;
                if (strings.MapIsGiven)
                    strings.Map.Resolve(made.backend, Enumerable.Range(0, strings.Map.Count)); // the native side takes it whole
                return new VocabularyPairHandle(made.pair, strings);
            })
            : slots.Texts.Get(pair, static p => new VocabularyPairHandle(p, null));
    }

    private sealed class Slots
    {
        public Slot<VocabularyPairHandle> Texts { get; } = new();

        public Slot<VocabularyPairHandle> Official { get; } = new();
    }

    /// <summary>One handle, made once even if many threads ask at the same time.</summary>
    private sealed class Slot<T>
        where T : class
    {
        private readonly Lock _making = new();
        private T? _made;

        public T Get<TFrom>(TFrom from, Func<TFrom, T> make)
        {
            if (Volatile.Read(ref _made) is { } made)
                return made;
            lock (_making)
                return _made ??= make(from);
        }
    }
}

/// <summary>A tape's copy during one call.</summary>
internal readonly ref struct TapeLease(TapeHandle handle, bool isOwn)
{
    public TapeHandle Handle { get; } = handle;

    public void Dispose()
    {
        if (isOwn)
            Handle.Dispose();
    }
}
