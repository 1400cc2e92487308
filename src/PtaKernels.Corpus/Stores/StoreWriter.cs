using System.Collections.Concurrent;
using System.Globalization;
using Apache.Arrow;
using PtaKernels.Alignment;

namespace PtaKernels.Corpus.Stores;

/// <summary>Writes a store, shard by shard; a stopped run leaves what is complete, and the next one goes on after it to the same bytes.</summary>
/// <remarks>
/// <para>
/// A new store is made in <c>NAME.partial</c> and takes its name when it is complete. A shard is written under a temporary name, flushed to the disk, renamed
/// where no file has its name, and only then listed in the manifest, whose line is flushed as well: after a kill, a power failure or a full disk, what is listed
/// is whole. What is not listed is removed and made again.
/// </para>
/// <para>
/// Record batches are what the caller appends, and a shard ends with the batch that brings it to the header's number of tokens: borders depend on the documents
/// alone. Batches may be encoded by several threads; everything else belongs to one.
/// </para>
/// </remarks>
internal sealed class StoreWriter : IDisposable
{
    private readonly string _path, _folder;
    private readonly AtomicFolder? _new; // null: a repair, in place
    private readonly FileStream _lock;
    private readonly Action<string>? _notice;
    private readonly List<StoreShard> _shards = [];
    private readonly ConcurrentBag<StoreEncoder> _encoders = [];
    private Func<StoreEncoder>? _createEncoder;
    private Dictionary<(string Split, long Row), StoreShard> _written = [];
    private StoreHeader? _header;
    private bool _rewrite; // whether the manifest's lines are not in the shards' order
    private byte[] _opening = [];
    private StoreShardFile? _open;
    private StoreShard? _pending; // what _closing publishes
    private Task _closing = Task.CompletedTask;

    private StoreWriter(string path, string folder, AtomicFolder? replacement, Action<string>? notice)
    {
        (_path, _folder, _new, _notice) = (path, folder, replacement, notice);
        try
        {
            _lock = new FileStream(Path.Combine(folder, StoreManifest.FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException e)
        {
            throw new AlignmentDataException(DurableFiles.IsFull(e)
                ? $"{path}: {DurableFiles.ReasonOf(e)}."
                : $"{folder}: another run is writing there ({e.Message.TrimEnd('.')}); wait for it, or name another output.", e);
        }
    }

    /// <summary>The header that a stopped run left, or the damaged store's; null where there is none.</summary>
    public StoreHeader? Former { get; private set; }

    /// <summary>What is being written, for progress.</summary>
    public string Part => $"shard {_shards.Count}";

    /// <summary>Sums over all shards after <see cref="Commit"/>.</summary>
    public StoreTotals Totals => StoreManifest.TotalsOf(_shards);

    /// <summary>Opens a store to make it, or to make again in place what it lacks.</summary>
    /// <param name="path">Its final name.</param>
    /// <param name="repair">Whether it exists and lacks shards.</param>
    /// <param name="replace">As in <see cref="Create"/>.</param>
    /// <param name="inputs">What is read while it is written.</param>
    /// <param name="notice">Takes sentences.</param>
    /// <param name="takeOver">As in <see cref="Create"/>.</param>
    /// <exception cref="AlignmentDataException">The name is taken, there is nothing to repair, or another run is at work there.</exception>
    public static StoreWriter Open(string path, bool repair, bool replace, IEnumerable<IDocumentReader> inputs, Action<string>? notice, bool takeOver = false) =>
        repair ? Repair(path, notice) : Create(path, replace, inputs.Select(static i => i.Path), notice, takeOver: takeOver);

    /// <summary>Opens a new store, or what a stopped run left of it.</summary>
    /// <param name="path">Its final name.</param>
    /// <param name="replace">Whether a store of that name is replaced, and what another run left there removed.</param>
    /// <param name="inputs">What is read while it is written.</param>
    /// <param name="notice">Takes sentences.</param>
    /// <param name="resume">Whether to go on with what a stopped run left, and leave what this one does not commit to the next.</param>
    /// <param name="takeOver">Whether a run that was stopped may live on somewhere, and is to be shut out (<see cref="AtomicFolder.TakeOver"/>).</param>
    /// <exception cref="AlignmentDataException">The name is taken, or another run is at work there.</exception>
    public static StoreWriter Create(string path, bool replace, IEnumerable<string> inputs, Action<string>? notice, bool resume = true, bool takeOver = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.GetDirectoryName(full) is { } parent && !Directory.Exists(parent))
            throw new AlignmentDataException($"{path}: its folder does not exist; make it first.");
        foreach (string input in inputs)
        {
            if ((Path.GetFullPath(input) + Path.DirectorySeparatorChar).StartsWith(full + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                throw new AlignmentDataException($"{path}: holds the input {input}; name another folder.");
        }

        if (Directory.Exists(full) && !replace)
            throw new AlignmentDataException($"{path}: exists already; name another folder or add --force.");
        if (Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any() && !StoreReader.IsStore(full))
            throw new AlignmentDataException($"{path}: is a folder but no store, so it is not replaced; name another one.");
        var folder = new AtomicFolder(full, replace, resume: resume);
        if (takeOver)
            folder.TakeOver(StoreManifest.FileName);
        var writer = new StoreWriter(path, folder.PartialPath, folder, notice);
        try
        {
            writer.Former = StoreManifest.Scan(writer._lock, folder.PartialPath).Header;
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Opens a store that is damaged, to make its missing shards again in place.</summary>
    /// <exception cref="AlignmentDataException">There is none, or a run is at work there.</exception>
    private static StoreWriter Repair(string path, Action<string>? notice)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (!Directory.Exists(full))
            throw new AlignmentDataException($"{path}: no such folder.");
        return new StoreWriter(path, full, null, notice);
    }

    /// <summary>Says what is to be written, and takes over the shards that are there.</summary>
    /// <param name="header">What holds for all shards.</param>
    /// <param name="others">The input's other columns.</param>
    /// <param name="createBatch">Makes an empty batch.</param>
    /// <param name="again">Whether what another run left may be removed.</param>
    /// <exception cref="AlignmentDataException">Another run left its shards there.</exception>
    public void Begin(StoreHeader header, IReadOnlyList<Field> others, Func<IStoreBatch> createBatch, bool again)
    {
        _header = header with { Others = [.. others.Select(static f => KeyValuePair.Create(f.Name, Folders.ArrowLists.Describe(f.DataType)))] };
        Schema schema = StoreColumns.SchemaOf(_header, others);
        _createEncoder = () => new StoreEncoder(createBatch(), schema, header.Zstd);
        _opening = StoreEncoder.OpeningOf(schema);
        _lock.Position = 0;
        StoreManifest manifest = StoreManifest.Scan(_lock, _folder);
        bool same = manifest.Header is { } former && StoreManifest.TextOf(former) == StoreManifest.TextOf(_header);
        if (manifest.Header is not null && !same && !(again && _new is not null))
        {
            throw new AlignmentDataException(_new is null
                ? $"{_path}: was made by another command than this one ({DifferenceOf(manifest.Header, _header)}); give the one that made it."
                : $"{_folder}: holds {manifest.Shards.Count} shards of a run that was stopped, of another command ({DifferenceOf(manifest.Header, _header)}); go on with that one, name another output, or start anew with --force.");
        }

        _written = (same || _new is null ? manifest.Shards : []).Where(IsWhole).ToDictionary(static s => (s.Split, s.FirstRow));
        foreach (string stray in StoreFiles.StrayFiles(_folder, _written.Values).ToArray())
            File.Delete(stray);
        if (_new is not null)
            TakeOver();
        if (_written.Count > 0 && _new is not null)
        {
            _notice?.Invoke(string.Create(CultureInfo.InvariantCulture,
                $"going on after {_written.Count} shards, {_written.Values.Sum(static s => s.Tokens)} tokens, of a run that was stopped."));
        }
    }

    /// <summary>The shard that begins with a row of a split, if it is there; the caller goes on behind it.</summary>
    public StoreShard? WrittenAt(string split, long row) => _written.GetValueOrDefault((split, row));

    /// <summary>The first row from one on with which a shard that is there begins, or null.</summary>
    public long? NextWritten(string split, long row)
    {
        long? next = null;
        foreach ((string s, long first) in _written.Keys)
        {
            if (s == split && first >= row && !(first >= next))
                next = first;
        }

        return next;
    }

    /// <summary>Goes behind a shard that is there.</summary>
    public void Skip(StoreShard shard)
    {
        EndPart();
        if (shard.File != StoreFiles.ShardOf(_shards.Count))
            throw new AlignmentDataException($"{Path.Combine(_folder, shard.File)}: stands for other rows than this run gives it; the inputs have changed since. Make the store again.");
        _shards.Add(shard);
    }

    /// <summary>An empty batch; any thread.</summary>
    public StoreEncoder Rent() => _encoders.TryTake(out StoreEncoder? encoder) ? encoder : _createEncoder!();

    /// <summary>Appends an encoded batch, and takes the encoder back.</summary>
    /// <param name="encoder">What <see cref="Rent"/> gave, filled and encoded.</param>
    /// <param name="split">The split.</param>
    /// <param name="firstRow">Its first input row.</param>
    /// <param name="rows">Input rows that it stands for.</param>
    /// <param name="quarantined">Documents that were set aside instead of being in it, a JSON line each.</param>
    /// <param name="report">The run's counts for these rows, or null.</param>
    /// <exception cref="AlignmentDataException">The disk is full or refuses.</exception>
    public void Append(StoreEncoder encoder, string split, long firstRow, long rows, IReadOnlyList<byte[]> quarantined, AlignmentRunReport? report)
    {
        try
        {
            if (_open is not null && _open.Split != split)
                Close();
            if (_open is null)
            {
                int number = _shards.Count + (_pending is null ? 0 : 1);
                _open = new StoreShardFile(_folder, StoreFiles.ShardOf(number), split, firstRow, _opening);
            }

            _open.Append(encoder, rows, quarantined, report);
            encoder.Clear();
            _encoders.Add(encoder);
            if (_open.Tokens >= _header!.ShardTokens)
                Close();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Sentence(e);
        }
    }

    /// <summary>Ends the shard that is being written: what comes next does not follow its rows.</summary>
    public void EndPart()
    {
        Close();
        Settle();
    }

    /// <summary>Publishes the store.</summary>
    /// <exception cref="AlignmentDataException">The disk is full or refuses.</exception>
    public void Commit()
    {
        try
        {
            EndPart();
            if (_new is null || _rewrite)
            {
                string partial = StoreFiles.PartialOf(Path.Combine(_folder, StoreManifest.FileName));
                using (var file = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None, 1))
                {
                    file.Write(CompleteManifest());
                    file.Flush(flushToDisk: true);
                }

                File.Move(partial, Path.Combine(_folder, StoreManifest.FileName), overwrite: true);
                DurableFiles.FlushFolder(_folder);
            }
            else
            {
                _lock.Write(StoreManifest.LineOf(StoreManifest.TotalsOf(_shards)));
                _lock.Flush(flushToDisk: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Sentence(e);
        }

        _lock.Dispose();
        _new?.Commit();
    }

    /// <summary>Closes; without a shard there is nothing to go on with, and a new store's folder is removed.</summary>
    public void Dispose()
    {
        ((IAsyncResult)_closing).AsyncWaitHandle.WaitOne(); // whatever became of it: the manifest tells
        _open?.Dispose();
        _open = null;
        bool any = _shards.Count + _written.Count > 0 || (_pending is not null && _closing.IsCompletedSuccessfully);
        _lock.Dispose();
        if (_new is not null && Directory.Exists(_folder) && !any)
            File.Delete(Path.Combine(_folder, StoreManifest.FileName));
        _new?.Dispose();
    }

    /// <summary>Publishes the open shard behind the caller's back, one at a time: flushing takes as long as aligning.</summary>
    private void Close()
    {
        if (_open is null)
            return;
        StoreShardFile shard = _open;
        _open = null;
        Settle();
        _pending = shard.End();
        StoreShard entry = _pending;
        _closing = Task.Run(() =>
        {
            using (shard)
                shard.Publish(replace: _new is null);
            DurableFiles.FlushFolder(_folder);
            if (_new is null)
                return;
            _lock.Write(StoreManifest.LineOf(entry));
            _lock.Flush(flushToDisk: true);
        });
    }

    /// <summary>Waits for the shard that is being published.</summary>
    private void Settle()
    {
        try
        {
            _closing.GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Sentence(e);
        }

        if (_pending is not null)
            _shards.Add(_pending);
        _pending = null;
    }

    /// <summary>Leaves in a new store's manifest the lines of the shards that are there, and goes on behind them.</summary>
    private void TakeOver()
    {
        try
        {
            StoreShard[] shards = [.. _written.Values.OrderBy(static s => s.File, StringComparer.Ordinal)];
            // A shard that went missing among others is made again, and its line then stands behind theirs: all are written anew in the end.
            _rewrite = shards.Index().Any(static s => s.Item.File != StoreFiles.ShardOf(s.Index));
            byte[] lines = [.. StoreManifest.LineOf(_header!), .. shards.SelectMany(static s => StoreManifest.LineOf(s))];
            byte[] there = new byte[Math.Min(lines.Length, _lock.Length)];
            _lock.Position = 0;
            _lock.ReadExactly(there);
            // What is good is not written again: a run that is killed just now loses nothing.
            if (there.AsSpan().SequenceEqual(lines))
            {
                _lock.SetLength(lines.Length);
            }
            else
            {
                _lock.SetLength(0);
                _lock.Position = 0;
                _lock.Write(lines);
            }

            _lock.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Sentence(e);
        }
    }

    private byte[] CompleteManifest() =>
        [.. StoreManifest.LineOf(_header!), .. _shards.SelectMany(static s => StoreManifest.LineOf(s)), .. StoreManifest.LineOf(StoreManifest.TotalsOf(_shards))];

    /// <summary>A new store's shards were flushed before they were listed; a damaged store's may be anything.</summary>
    private bool IsWhole(StoreShard shard)
    {
        if (_new is null)
            return !StoreFiles.DamageOf(_folder, shard).Any();
        var file = new FileInfo(Path.Combine(_folder, shard.File));
        return file.Exists && file.Length == shard.Bytes && (shard.QuarantineSha256 is null || File.Exists(Path.Combine(_folder, StoreFiles.QuarantineOf(shard.File))));
    }

    /// <summary>How a store's maker differs from this one, as half a sentence.</summary>
    internal static string DifferenceOf(StoreHeader former, StoreHeader header) => former.Tokenizer != header.Tokenizer ? "another tokenizer" : DifferenceOf(former.Producer, header.Producer);

    /// <summary>The same of those who made them.</summary>
    internal static string DifferenceOf(StoreProducer former, StoreProducer now)
    {
        if (former.Program != now.Program)
            return $"made by {former.Program}";
        foreach ((string name, string value) in former.Options)
        {
            if (now.Options.GetValueOrDefault(name) is var here && here != value)
                return $"{name} {value} instead of {here ?? "none"}";
        }

        if (!former.Inputs.SequenceEqual(now.Inputs))
            return "other inputs";
        return former.Command.SequenceEqual(now.Command) ? "other options of the store" : string.Join(' ', former.Command);
    }

    private AlignmentDataException Sentence(Exception e) => new(_new is not null && !Directory.Exists(_folder) ? $"{_path}: {AtomicFolder.TakenOver}." : _new is null
        ? $"{_path}: {DurableFiles.ReasonOf(e)}."
        : $"{_path}: {DurableFiles.ReasonOf(e)} ({_shards.Count} finished shards are kept in {_folder}, and the same command goes on after them).", e);
}
