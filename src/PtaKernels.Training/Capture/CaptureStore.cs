using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Training;

/// <summary>The dataset folder of a capture while it is made: shards that are complete, and a journal that says what they were made from.</summary>
/// <remarks>
/// The journal <c>capture.jsonl</c> begins with the run (<see cref="CaptureIdentity"/>) and has a line for each shard, written after the shard is on the disk. A
/// stopped run leaves both; the next one takes the shards whose inputs are still the same. The journal stays in the finished folder: it says where the rows come from.
/// </remarks>
internal sealed class CaptureStore : IDisposable
{
    /// <summary>Name of the journal.</summary>
    public const string JournalName = "capture.jsonl";

    private const string WorkName = "work", Split = "train";

    private readonly string _folder;
    private readonly CaptureColumns _columns;
    private readonly byte[] _features;
    private readonly FileStream _journal;
    private readonly List<CaptureShard> _shards = [];
    private readonly List<long> _ends = []; // of the journal's lines

    /// <summary>Opens a folder, new or left by a stopped run.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="identity">This run.</param>
    /// <param name="columns">The columns to write.</param>
    /// <param name="again">Whether what another run left may be removed.</param>
    /// <param name="notice">Takes sentences.</param>
    /// <exception cref="AlignmentDataException">Another run left its shards there, or is at work.</exception>
    public CaptureStore(string folder, CaptureIdentity identity, CaptureColumns columns, bool again, Action<string>? notice)
    {
        (_folder, _columns) = (folder, columns);
        _features = Features.Of(columns.Fields, folder, static _ => null);
        string path = Path.Combine(folder, JournalName);
        try
        {
            _journal = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new AlignmentDataException($"{folder}: another run is writing there ({e.Message.TrimEnd('.')}); wait for it, or name another output.", e);
        }

        try
        {
            if (!ReadJournal(identity, again, notice))
                StartJournal(identity);
        }
        catch
        {
            _journal.Dispose();
            throw;
        }
    }

    /// <summary>Shards that are complete.</summary>
    public IReadOnlyList<CaptureShard> Shards => _shards;

    /// <summary>Whether a shard is complete and was made from these inputs; if not, it and those after it are removed.</summary>
    /// <param name="number">From 0.</param>
    /// <param name="inputs">Fingerprint of its window.</param>
    /// <param name="notice">Takes a sentence where shards are removed.</param>
    public bool Has(int number, string inputs, Action<string>? notice)
    {
        if (number >= _shards.Count)
            return false;
        if (_shards[number].Inputs == inputs)
            return true;
        notice?.Invoke($"{_folder}: shard {number} was made from other documents or tokens; it and those after it are made again.");
        Truncate(number);
        return false;
    }

    /// <summary>Forgets all shards but the first ones.</summary>
    /// <param name="count">How many stay.</param>
    public void Truncate(int count)
    {
        if (count >= _shards.Count)
            return;
        _journal.SetLength(_ends[count]);
        _journal.Position = _ends[count];
        _ends.RemoveRange(count + 1, _ends.Count - count - 1);
        _shards.RemoveRange(count, _shards.Count - count);
    }

    /// <summary>Writes the next shard.</summary>
    /// <param name="window">Its documents.</param>
    /// <param name="inputs">The window's fingerprint.</param>
    /// <param name="rows">What was kept of each, as <see cref="Teacher"/> gives it.</param>
    /// <exception cref="AlignmentDataException">The disk is full or refuses.</exception>
    public void Write(CaptureWindow window, string inputs, (CapturedRows Rows, int First)[] rows)
    {
        try
        {
            string work = Path.Combine(_folder, WorkName), name = NameOf(_shards.Count);
            if (Directory.Exists(work))
                Directory.Delete(work, recursive: true);
            Directory.CreateDirectory(work);
            double nats = 0;
            using var shard = new ShardFiles(work, DatasetFiles.SchemaOf(_columns.Fields, _features), long.MaxValue);
            for (int d = 0; d < rows.Length; d++)
            {
                nats += _columns.Add(window.Documents[d], rows[d].Rows, rows[d].First);
                if (_columns.IsFull)
                    EndBatch(shard);
            }

            EndBatch(shard);
            (string[] files, string values) = shard.Finish();
            File.Move(Path.Combine(work, files[0]), Path.Combine(_folder, name), overwrite: true);
            Directory.Delete(work);
            Append(new CaptureShard(
                name, new FileInfo(Path.Combine(_folder, name)).Length, rows.Length, window.Tokens, window.Documents.Sum(static d => (long)d.Bytes), nats, inputs, values));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AlignmentDataException($"{_folder}: {e.Message.TrimEnd('.')}; the shards written before are kept, free space and run it again.", e);
        }
    }

    /// <summary>Writes what makes the folder a dataset; it may take its final name after that.</summary>
    public void Finish()
    {
        // What a stopped run left beyond the shards of the journal.
        foreach (string file in Directory.EnumerateFiles(_folder, "data-*.arrow").Where(f => !_shards.Exists(s => s.File == Path.GetFileName(f))).ToArray())
            File.Delete(file);
        if (Directory.Exists(Path.Combine(_folder, WorkName)))
            Directory.Delete(Path.Combine(_folder, WorkName), recursive: true);
        byte[] all = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', _shards.Select(static s => s.Values))));
        DatasetFiles.WriteDataset(_folder, Split, [.. _shards.Select(static s => s.File)], Convert.ToHexStringLower(all.AsSpan(0, 8)), _features);
    }

    /// <summary>Closes the journal; without a shard there is nothing to go on with, and it is removed.</summary>
    public void Dispose()
    {
        _journal.Dispose();
        if (_shards.Count > 0)
            return;
        File.Delete(Path.Combine(_folder, JournalName));
        if (Directory.Exists(Path.Combine(_folder, WorkName)))
            Directory.Delete(Path.Combine(_folder, WorkName), recursive: true);
    }

    private static string NameOf(int shard) => string.Create(CultureInfo.InvariantCulture, $"data-{shard:D5}.arrow");

    private void EndBatch(ShardFiles shard)
    {
        if (_columns.Rows > 0)
            shard.Write(_columns.Build(), _columns.Rows);
        _columns.Clear();
    }

    /// <summary>Takes over what a stopped run left, if it was this run.</summary>
    /// <returns>False where there is nothing.</returns>
    private bool ReadJournal(CaptureIdentity identity, bool again, Action<string>? notice)
    {
        using var reader = new StreamReader(_journal, leaveOpen: true);
        string[] lines = reader.ReadToEnd().Split('\n')[..^1]; // a line that was cut off is no line
        if (lines.Length == 0)
            return false;
        CaptureIdentity? former = Parse<CaptureIdentity>(lines[0]);
        string difference = former is null ? "unreadable" : former.DifferenceTo(identity);
        if (former is null || difference.Length > 0)
        {
            string what = former is null ? "a damaged journal" : $"the capture of {difference}";
            if (!again)
                throw new AlignmentDataException($"{_folder}: holds {what}, stopped after {lines.Length - 1} shards; go on with that one, name another output, or start anew with --force.");
            notice?.Invoke($"{_folder}: held {what}; it was removed.");
            return false;
        }

        if (former.Threads != identity.Threads)
            notice?.Invoke($"{_folder}: was begun with {former.Threads} threads and goes on with {identity.Threads}; the last bits of its rows may differ from a run in one piece.");
        long end = 0;
        AddEnd(lines[0]);
        foreach (string line in lines[1..])
        {
            if (Parse<CaptureShard>(line) is not { } shard || shard.File != NameOf(_shards.Count) || !IsWhole(shard))
                break;
            _shards.Add(shard);
            AddEnd(line);
        }

        _journal.SetLength(end);
        _journal.Position = end;
        if (_shards.Count > 0)
            notice?.Invoke(string.Create(CultureInfo.InvariantCulture, $"going on after {_shards.Count} shards, {_shards.Sum(static s => s.Tokens)} tokens, of a run that was stopped."));
        return true;

        void AddEnd(string line) => _ends.Add(end += Encoding.UTF8.GetByteCount(line) + 1);
    }

    private void StartJournal(CaptureIdentity identity)
    {
        foreach (string file in Directory.EnumerateFiles(_folder).Where(static f => Path.GetFileName(f) != JournalName).ToArray())
            File.Delete(file);
        _journal.SetLength(0);
        _journal.Position = 0;
        AppendLine(identity);
    }

    private bool IsWhole(CaptureShard shard)
    {
        var file = new FileInfo(Path.Combine(_folder, shard.File));
        return file.Exists && file.Length == shard.Bytes;
    }

    private void Append(CaptureShard shard)
    {
        _shards.Add(shard);
        AppendLine(shard);
    }

    private void AppendLine<T>(T value)
    {
        _journal.Write(JsonSerializer.SerializeToUtf8Bytes(value, CaptureIdentity.Json));
        _journal.WriteByte((byte)'\n');
        _journal.Flush(flushToDisk: true);
        _ends.Add(_journal.Position);
    }

    private static T? Parse<T>(string line)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line, CaptureIdentity.Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A complete shard.</summary>
/// <param name="File">Its name in the folder.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Documents">Its documents.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="TextBytes">UTF-8 bytes of their texts.</param>
/// <param name="Nats">Sum of their label cross-entropies.</param>
/// <param name="Inputs">Fingerprint of what it was made from.</param>
/// <param name="Values">Fingerprint of its columns.</param>
internal sealed record CaptureShard(string File, long Bytes, long Documents, long Tokens, long TextBytes, double Nats, string Inputs, string Values);
