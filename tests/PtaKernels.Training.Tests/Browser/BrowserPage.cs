using System.Globalization;
using PuppeteerSharp;

namespace PtaKernels.Training.Tests.Browser;

/// <summary>A page, what went wrong in it, and what it asked for.</summary>
internal sealed class BrowserPage : IAsyncDisposable
{
    private readonly IPage _page;

    public BrowserPage(IPage page)
    {
        _page = page;
        page.DefaultTimeout = 60_000;
        page.PageError += (_, e) => Errors.Add(e.Message);
        page.Error += (_, e) => Errors.Add(e.Error);
        page.Console += (_, e) =>
        {
            if (e.Message.Type is ConsoleType.Error or ConsoleType.Warning)
                Errors.Add(e.Message.Text);
        };
        page.Request += (_, e) => Requests.Add(e.Request.Url);
    }

    /// <summary>Script errors, and errors and warnings of the console.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>Every address that was asked for; a page that stands alone asks for itself.</summary>
    public List<string> Requests { get; } = [];

    public async Task OpenAsync(string file) => await _page.GoToAsync(new Uri(file).AbsoluteUri);

    public async Task SizeAsync(int width, int height) => await _page.SetViewportAsync(new ViewPortOptions { Width = width, Height = height });

    public async Task DarkAsync(bool dark) =>
        await _page.EmulateMediaFeaturesAsync([new MediaFeatureValue { MediaFeature = MediaFeature.PrefersColorScheme, Value = dark ? "dark" : "light" }]);

    public async Task WaitForAsync(string selector) => await _page.WaitForSelectorAsync(selector);

    public async Task ClickAsync(string selector) => await _page.ClickAsync(selector);

    public async Task HoverAsync(string selector) => await _page.HoverAsync(selector);

    public async Task FocusAsync(string selector) => await _page.FocusAsync(selector);

    public async Task PressAsync(string key) => await _page.Keyboard.PressAsync(key);

    public async Task<T> EvaluateAsync<T>(string expression) => await _page.EvaluateExpressionAsync<T>(expression);

    /// <summary>The text of the first element that matches.</summary>
    public async Task<string> TextAsync(string selector) => await EvaluateAsync<string>($"document.querySelector({Quoted(selector)}).textContent");

    /// <summary>An attribute of the first element that matches.</summary>
    public async Task<string?> AttributeAsync(string selector, string name) => await EvaluateAsync<string?>($"document.querySelector({Quoted(selector)}).getAttribute('{name}')");

    /// <summary>The texts of all elements that match.</summary>
    public async Task<string[]> TextsAsync(string selector) => await EvaluateAsync<string[]>($"[...document.querySelectorAll({Quoted(selector)})].map(e => e.textContent)");

    /// <summary>A numeric attribute of all elements that match; NaN where one has none.</summary>
    public async Task<double[]> NumbersAsync(string selector, string attribute) =>
        [.. (await EvaluateAsync<string?[]>($"[...document.querySelectorAll({Quoted(selector)})].map(e => e.getAttribute('{attribute}'))")).Select(
            static text => text is null ? double.NaN : double.Parse(text, CultureInfo.InvariantCulture))];

    public async Task ScreenshotAsync(string file, bool whole = false)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await _page.ScreenshotAsync(file, new ScreenshotOptions { FullPage = whole });
    }

    public async ValueTask DisposeAsync() => await _page.DisposeAsync();

    private static string Quoted(string text) => System.Text.Json.JsonSerializer.Serialize(text);
}
